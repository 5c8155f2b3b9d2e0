"""Songs with true stems, the ground truth of every score."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from vocalsep.audio.read import open_audio
from vocalsep.audio.resample import resample_blocks
from vocalsep.errors import DataError
from vocalsep.evaluation.signals import Audio, Samples, filled

#: Names of files beside the stems that are no stem of their own.
MIXTURES = ("mixture", "linear_mixture")
_SUFFIXES = {".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".aif", ".aiff", ".w64", ".mp4"}


@dataclass(frozen=True)
class Song:
    """A song or an excerpt with the truth about it.

    Attributes:
        name: unique in its set.
        sources: stem name -> (C, N) the true sources; they add up to the mixture.
        sample_rate: Hz.
        recorded: (C, N) the mixture as published, where it is not just the sum of the sources
            (MUSDB18 encoded it on its own).
    """

    name: str
    sources: dict[str, Audio]
    sample_rate: int
    recorded: Audio | None = None

    @cached_property
    def mixture(self) -> Audio:
        """(C, N) what a separator is given."""
        if self.recorded is not None:
            return self.recorded
        return sum_of(list(self.sources.values()))

    def rest(self, stem: str) -> Audio:
        """(C, N) everything but one stem; silence where that is everything."""
        others = [audio for name, audio in self.sources.items() if name != stem]
        return sum_of(others) if others else np.zeros_like(self.sources[stem])


def find_songs(folders: Iterable[Path], stems: Sequence[str]) -> dict[str, Path]:
    """Song folders among `folders` and right below them: name -> folder, sorted.

    Args:
        stems: what each song must hold, see `load_song`.

    Raises:
        DataError: there is none, or two have the same name.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        candidates = [folder, *sorted(p for p in folder.glob("*") if p.is_dir())]
        songs = [each for each in candidates if _files_of(each, stems) is not None]
        if not songs:
            raise DataError(f"{folder}: no song in it; expected folders with {_listed(stems)}")
        for song in songs:
            if found.setdefault(song.resolve().name, song) != song:
                raise DataError(f"{song} and {found[song.resolve().name]} have the same name")
    return dict(sorted(found.items()))


def load_song(
    name: str, folder: Path, stems: Sequence[str], sample_rate: int, length_s: float = 0.0
) -> Song:
    """Decode a song in stereo at `sample_rate`, cut to where its voice is strongest.

    Args:
        folder: holds a file for every stem. The last stem may go without: it is then the sum of
            all files that belong to no other ("accompaniment" of drums, bass and other).
        stems: names of the wanted sources.
        length_s: seconds to keep, where "vocals" (else the first stem) is strongest; 0 keeps all.

    Raises:
        DataError: a stem is missing, or they differ in length.
        UnreadableAudio: a stem cannot be decoded.
    """
    files = _files_of(folder, stems)
    if files is None:
        raise DataError(f"{folder}: a scored song needs {_listed(stems)}; one is missing")
    sources = {stem: _load_sum(paths, sample_rate) for stem, paths in files.items()}
    lengths = {stem: audio.shape[1] for stem, audio in sources.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{stem} {n}" for stem, n in lengths.items())
        raise DataError(f"{folder}: samples are {told}; true stems are of equal length")
    lead = sources["vocals" if "vocals" in sources else stems[0]]
    kept = strongest_span(lead, sample_rate, length_s)
    return Song(name, {stem: audio[:, kept] for stem, audio in sources.items()}, sample_rate)


def load_songs(
    folders: Mapping[str, str], stems: Sequence[str], sample_rate: int, length_s: float
) -> list[Song]:
    """`load_song` for every name -> folder."""
    return [load_song(n, Path(f), stems, sample_rate, length_s) for n, f in folders.items()]


def strongest_span(voice: Audio, sample_rate: int, length_s: float) -> slice:
    """The span of `length_s` seconds that holds most of the voice's energy; all of it for 0."""
    n_seconds = voice.shape[1] // sample_rate
    n_kept = math.ceil(length_s)
    if not 0 < n_kept < n_seconds:
        return slice(0, voice.shape[1])
    per_sample = np.square(voice[:, : n_seconds * sample_rate]).mean(0)
    energy = per_sample.reshape(n_seconds, sample_rate).mean(1)
    first = int(np.argmax(np.convolve(energy, np.ones(n_kept), "valid")))
    return slice(first * sample_rate, first * sample_rate + round(length_s * sample_rate))


def _listed(stems: Sequence[str]) -> str:
    names = [f"{stem}.*" for stem in stems]
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _files_of(folder: Path, stems: Sequence[str]) -> dict[str, list[Path]] | None:
    """The files that make up each stem; None if one has none."""
    by_name: dict[str, Path] = {}
    for path in sorted(folder.glob("*")):
        if path.suffix.lower() in _SUFFIXES and path.stem not in MIXTURES:
            by_name.setdefault(path.stem, path)
    files = {stem: [by_name[stem]] for stem in stems if stem in by_name}
    if stems[-1] not in files:
        parts = [path for name, path in by_name.items() if name not in stems]
        # An accompaniment beside its own parts would be counted twice.
        finer = [path for path in parts if path.stem != "accompaniment"]
        files[stems[-1]] = finer or parts
    return files if len(files) == len(stems) and all(files.values()) else None


def _load_sum(paths: list[Path], sample_rate: int) -> Audio:
    parts = [_load(path, sample_rate) for path in paths]
    if len({part.shape for part in parts}) > 1:
        told = ", ".join(f"{p.name} {part.shape[1]}" for p, part in zip(paths, parts, strict=True))
        raise DataError(f"{paths[0].parent}: samples are {told}; true stems are of equal length")
    return sum_of(parts)


def sum_of(parts: list[Audio]) -> Audio:
    """(C, N) the sum of signals of one shape; a single one is itself."""
    if len(parts) == 1:
        return parts[0]

    def add(span: slice) -> Samples:
        total = np.array(parts[0][..., span], np.float32)
        for part in parts[1:]:
            total += part[..., span]
        return total

    return filled(parts[0].shape, add)


def _load(path: Path, sample_rate: int) -> Audio:
    """(2, N): mono on both sides."""
    with open_audio(path) as reader:
        blocks = list(resample_blocks(reader.blocks(), reader.info.sample_rate, sample_rate))
    audio = np.concatenate(blocks, axis=1, dtype=np.float32)
    return np.ascontiguousarray(np.broadcast_to(audio[:2], (2, audio.shape[1])))
