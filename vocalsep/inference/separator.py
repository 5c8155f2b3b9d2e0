"""The Python door: load a model once, separate arrays, streams and files with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vocalsep.audio._source import SAMPLE_RATES_HZ
from vocalsep.audio.channels import groups_for
from vocalsep.audio.quantise import float_stems
from vocalsep.errors import AudioError, UnreadableAudio
from vocalsep.inference.cancel import CancelToken
from vocalsep.inference.devices import DeviceChoice
from vocalsep.inference.engine import Engine
from vocalsep.inference.events import FileResult, ProgressCallback
from vocalsep.inference.files import FileSeparation, Model
from vocalsep.inference.names import Source
from vocalsep.inference.options import FileOptions, RunOptions
from vocalsep.inference.plan import ModelNames, plan_files
from vocalsep.inference.quality import find_quality
from vocalsep.inference.stream import EstimateStream, SourceFormat
from vocalsep.models.base import BaseSeparator
from vocalsep.models.load import load_separator
from vocalsep.types import Block, Stems

_FEED_SAMPLES = 65536

#: Where `Separator.separate_file` puts its stems: straight into the given folder.
_FLAT = FileOptions(template="{stem}.{ext}")

_DEFAULT_RUN = RunOptions()


class Separator:
    """Takes songs apart into the stems of a model, e.g. vocals and accompaniment.

    One object serves any number of songs, one at a time.

    >>> separator = Separator.from_pretrained("vocals")                   # doctest: +SKIP
    >>> stems = separator.separate(audio, sample_rate=44100)              # doctest: +SKIP
    >>> stems["vocals"].shape == audio.shape                              # doctest: +SKIP
    True

    Args:
        network: estimates any number of stems; see `BaseSeparator`.
        name: of the model, for tags and manifests.
        sha256: of the model file, for manifests.
        run: device, quality, threads, post-filter.

    Raises:
        DeviceError: an explicitly asked device is not there.
    """

    def __init__(
        self,
        network: BaseSeparator,
        name: str = "unnamed",
        sha256: str = "",
        run: RunOptions = _DEFAULT_RUN,
    ) -> None:
        quality = find_quality(run.quality)
        self._engine = Engine(network, run.device, quality.precision, run.threads)
        self._live = EstimateStream(self._engine, quality, batch_chunks=1, wiener=run.wiener)
        self.model = Model(
            stream=EstimateStream(self._engine, quality, wiener=run.wiener),
            name=name,
            sha256=sha256,
            stems=network.stems,
            quality=run.quality,
            wiener=run.wiener,
        )

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str | Path = "vocals",
        device: str = "auto",
        quality: str = "normal",
        threads: int | None = None,
        wiener: int = 0,
    ) -> Separator:
        """Load a shipped model by name or a model file by path; see `RunOptions`.

        Raises:
            ModelError: unknown or damaged model.
            DeviceError: an explicitly asked device is not there.
            VocalsepError: unknown quality.
        """
        find_quality(quality)  # a typo shows before the model is read
        network, card = load_separator(name_or_path)
        return cls(network, card.name, card.sha256, RunOptions(device, quality, threads, wiener))

    @property
    def device(self) -> DeviceChoice:
        """Where the network runs and why."""
        return self._engine.choice

    @property
    def stems(self) -> tuple[str, ...]:
        """Names of all stems, the residual last."""
        return self.model.stems

    @property
    def names(self) -> ModelNames:
        """What outputs are named after."""
        return ModelNames(self.model.name, self.model.stems)

    @property
    def latency_s(self) -> float:
        """`stream` gives a sample back at the latest when so much more audio has come in."""
        return self._live.latency_s

    def separate(self, audio: Block, sample_rate: int) -> Stems:
        """Separate a whole song in memory.

        Args:
            audio: (C, N) float, any number of channels and samples, full scale ±1.
            sample_rate: Hz.

        Returns:
            Stem name -> (C, N), of the dtype of `audio`; together they add up to `audio`.

        Raises:
            AudioError: not a float array of two axes, or NaN or infinite samples.
        """
        _check_audio(audio, sample_rate)
        starts = range(0, audio.shape[-1], _FEED_SAMPLES)
        blocks = (audio[:, start : start + _FEED_SAMPLES] for start in starts)
        source = SourceFormat(sample_rate, groups_for(audio.shape[0], None))
        pairs = self.model.stream.pairs(blocks, source)
        nothing = np.zeros((len(self.stems) - 1, audio.shape[0], 0), np.float32)
        estimates = np.concatenate([nothing, *(part for _, part in pairs)], axis=-1)
        return self._stems(audio, estimates)

    def stream(self, blocks: Iterable[Block], sample_rate: int) -> Iterator[Stems]:
        """Separate blocks as they come: the first stems are out before the input ends.

        Args:
            blocks: (C, n) float, n arbitrary, C always the same.
            sample_rate: Hz.

        Yields:
            Stem name -> (C, n); together as long as the input, `latency_s` behind it.

        Raises:
            AudioError: see `separate`, or a block with another number of channels.
        """
        iterator = iter(blocks)
        first = next(iterator, None)
        if first is None:
            return
        _check_audio(first, sample_rate)
        n_channels = first.shape[0]
        source = SourceFormat(sample_rate, groups_for(n_channels, None))
        checked = (_check_block(block, n_channels, sample_rate) for block in iterator)
        for mixture, estimates in self._live.pairs(chain([first], checked), source):
            yield self._stems(mixture, estimates)

    def _stems(self, mixture: Block, estimates: Block) -> Stems:
        return float_stems(self.stems, mixture, estimates.astype(mixture.dtype, copy=False))

    def separate_file(
        self,
        source: str | Path,
        output: str | Path,
        options: FileOptions = _FLAT,
        progress: ProgressCallback | None = None,
        cancel: CancelToken | None = None,
    ) -> FileResult:
        """Separate a file into stem files, in constant memory.

        Args:
            source: any audio or video file that can be decoded.
            output: folder for "vocals.wav" and the other stems (see `options`).
            options: format, span, naming.
            progress: called in this thread with a `Progress` as the work goes on.
            cancel: set it from anywhere to stop.

        Returns:
            Where the stems are, their levels, the gain, warnings and the time it took.

        Raises:
            UnreadableAudio, UnsupportedFormat, PlanError, OutputError, Cancelled: as they say;
                nothing half-written is left.
        """
        plan = plan_files([Source(Path(source))], Path(output), options, self.names)
        if plan.failures:
            raise plan.failures[0].error
        return FileSeparation(plan.jobs[0], self.model, progress, cancel or CancelToken()).run()


def _check_block(block: Block, n_channels: int, sample_rate: int) -> Block:
    _check_audio(block, sample_rate)
    if block.shape[0] != n_channels:
        raise AudioError(f"a block has {block.shape[0]} channels, the first had {n_channels}")
    return block


def _check_audio(audio: npt.NDArray[np.generic], sample_rate: int) -> None:
    if not isinstance(audio, np.ndarray) or audio.ndim != 2 or audio.shape[0] == 0:
        shape = getattr(audio, "shape", type(audio).__name__)
        raise AudioError(f"audio is {shape}: expected an array (channels, samples)")
    if not np.issubdtype(audio.dtype, np.floating):
        raise AudioError(f"audio is {audio.dtype}: expected floats with full scale ±1")
    low, high = SAMPLE_RATES_HZ
    if not isinstance(sample_rate, (int, np.integer)) or not low <= sample_rate <= high:
        raise AudioError(
            f"sample rate {sample_rate!r}: expected a whole number, {low} to {high} Hz"
        )
    if not np.isfinite(audio).all():
        where = int(np.flatnonzero(~np.isfinite(audio).all(axis=0))[0])
        raise UnreadableAudio(f"audio has NaN or infinite samples, first at sample {where}")
