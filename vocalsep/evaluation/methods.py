"""What is evaluated: models, folders of estimates, and the anchors; all give stems of a song.

A method is a small description that travels to worker processes; what is heavy (a network) is
loaded there, once, by its first `estimate`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from vocalsep.audio.channels import groups_for
from vocalsep.audio.quantise import float_stems
from vocalsep.audio.spill import gathered
from vocalsep.dsp.stft import STFT
from vocalsep.dsp.wiener import CHUNK_S, WienerFilter
from vocalsep.errors import DataError
from vocalsep.evaluation.estimates import find_estimates, load_estimates
from vocalsep.evaluation.oracles import ORACLES, Oracle
from vocalsep.evaluation.signals import Audio, spans, stacked
from vocalsep.evaluation.songs import Song, sum_of
from vocalsep.inference.separator import Separator
from vocalsep.inference.stream import SourceFormat
from vocalsep.models.catalogue import find_model
from vocalsep.models.checkpoint import ModelCard, read_card


@dataclass(frozen=True)
class FrontEndSize:
    """The STFT that oracles and the post-filter use: that of the model, where there is one."""

    n_fft: int = 4096
    hop_length: int = 1024

    @property
    def stft(self) -> STFT:
        """A new one."""
        return STFT(self.n_fft, self.hop_length)


@dataclass(frozen=True)
class Estimated:
    """Stem name -> (C, N), in the shape of the song, and what had to be said about it."""

    stems: dict[str, Audio]
    notes: tuple[str, ...] = ()


class Method(ABC):
    """Something that gives the stems of a song.

    Attributes:
        name: in tables, and the folder of its results.
    """

    name: str

    @abstractmethod
    def settings(self, track: str) -> dict[str, str]:
        """What its result for a track depends on: names, sha256, options."""

    @abstractmethod
    def estimate(self, song: Song) -> Estimated:
        """Its stems of a song, at least those of `song.sources`.

        Raises:
            DataError: it has none, or not of this length and rate.
        """


@dataclass(frozen=True)
class ModelMethod(Method):
    """A model of this package, heard as its users hear it."""

    name: str
    model: str
    quality: str = "normal"
    device: str = "auto"

    def card(self) -> ModelCard:
        """What the model file says of itself."""
        return read_card(find_model(self.model))

    def settings(self, track: str) -> dict[str, str]:
        """The weights and how they are run."""
        return {"model_sha256": self.card().sha256, "quality": self.quality, "device": self.device}

    def estimate(self, song: Song) -> Estimated:
        """Separate the mixture."""
        separator = _loaded(self.model, self.device, self.quality)
        source = SourceFormat(song.sample_rate, groups_for(len(song.mixture), None))
        blocks = (song.mixture[:, span] for span in spans(song.mixture.shape[-1]))
        pairs = separator.model.stream.pairs(blocks, source)
        names = separator.stems
        stems = gathered(np.stack(list(float_stems(names, *pair).values())) for pair in pairs)
        return Estimated(stems_like(song, dict(zip(names, stems, strict=True))))


@dataclass(frozen=True)
class FolderMethod(Method):
    """Stem files that any tool has written."""

    name: str
    folder: Path

    def settings(self, track: str) -> dict[str, str]:
        """The files, their sizes and times."""
        files = find_estimates(self.folder, track)
        told = {}
        for stem, path in sorted(files.items()):
            status = path.stat()
            told[stem] = f"{path} {status.st_size} {status.st_mtime_ns}"
        return told

    def estimate(self, song: Song) -> Estimated:
        """Decode them."""
        stems, notes = load_estimates(self.folder, song)
        return Estimated(stems_like(song, stems), tuple(notes))


@dataclass(frozen=True)
class MixtureMethod(Method):
    """The mixture as the estimate of every stem: doing nothing."""

    name: str = "mixture"

    def settings(self, track: str) -> dict[str, str]:
        """There is nothing to set."""
        return {}

    def estimate(self, song: Song) -> Estimated:
        """The mixture, as often as there are stems."""
        return Estimated(dict.fromkeys(song.sources, song.mixture))


@dataclass(frozen=True)
class OracleMethod(Method):
    """An oracle; its name is its kind."""

    name: str
    size: FrontEndSize = field(default_factory=FrontEndSize)

    def settings(self, track: str) -> dict[str, str]:
        """The STFT."""
        return {"n_fft": str(self.size.n_fft), "hop_length": str(self.size.hop_length)}

    def estimate(self, song: Song) -> Estimated:
        """Estimates with the help of the truth."""
        truth = stacked(list(song.sources.values()))
        found = Oracle(self.name, self.size.stft).estimate(truth, song.mixture)
        return Estimated(dict(zip(song.sources, found, strict=True)))


@dataclass(frozen=True)
class WienerMethod(Method):
    """Another method's estimates after the multichannel Wiener filter (dsp/wiener.py)."""

    name: str
    inner: Method
    n_iterations: int
    size: FrontEndSize = field(default_factory=FrontEndSize)

    def settings(self, track: str) -> dict[str, str]:
        """Those of the inner method, and its own."""
        own = {"wiener": str(self.n_iterations), "chunk_s": str(CHUNK_S)}
        own |= {"n_fft": str(self.size.n_fft), "hop_length": str(self.size.hop_length)}
        return self.inner.settings(track) | own

    def estimate(self, song: Song) -> Estimated:
        """Refined estimates; they add up to the mixture."""
        rough = self.inner.estimate(song)
        both = stacked([song.mixture, *(rough.stems[stem] for stem in song.sources)])
        chunk_samples = round(CHUNK_S * song.sample_rate)
        wiener = WienerFilter(self.size.stft, self.n_iterations, chunk_samples)
        refined = gathered(wiener.stream(both[..., span] for span in spans(both.shape[-1])))
        return Estimated(dict(zip(song.sources, refined, strict=True)), rough.notes)


def anchors(size: FrontEndSize) -> list[Method]:
    """The mixture and all oracles."""
    return [MixtureMethod(), *(OracleMethod(kind, size) for kind in ORACLES)]


def stems_like(song: Song, stems: dict[str, Audio]) -> dict[str, Audio]:
    """The stems of the song among these; a missing last one is the sum of all others.

    Raises:
        DataError: one is missing.
    """
    wanted: Sequence[str] = list(song.sources)
    found = {stem: stems[stem] for stem in wanted if stem in stems}
    if wanted[-1] not in found:
        rest = [audio for stem, audio in stems.items() if stem not in wanted]
        if rest:
            found[wanted[-1]] = sum_of(rest)
    missing = [stem for stem in wanted if stem not in found]
    if missing:
        raise DataError(
            f"{song.name}: no estimate of {', '.join(missing)}; there is "
            f"{', '.join(stems) or 'nothing'}; add it, or choose other stems with --stem"
        )
    return {stem: found[stem] for stem in wanted}


@lru_cache(maxsize=1)
def _loaded(model: str, device: str, quality: str) -> Separator:
    return Separator.from_pretrained(model, device=device, quality=quality)
