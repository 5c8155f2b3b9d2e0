"""Songs with true stems, the ground truth of every score."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vocalsep.audio.read import open_audio
from vocalsep.audio.resample import resample_blocks
from vocalsep.errors import DataError

Audio = npt.NDArray[np.float32]
STEMS = ("vocals", "accompaniment")


@dataclass(frozen=True)
class Song:
    """True stems of a song or an excerpt, (C, N) each; the mixture is their sum."""

    name: str
    vocals: Audio
    accompaniment: Audio
    sample_rate: int  # Hz

    @property
    def mixture(self) -> Audio:
        """(C, N) what a separator is given."""
        return self.vocals + self.accompaniment


def find_songs(folders: list[Path]) -> dict[str, Path]:
    """Song folders among `folders` and right below them: name -> folder, sorted.

    Raises:
        DataError: there is none, or two have the same name.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        candidates = [folder, *sorted(p for p in folder.glob("*") if p.is_dir())]
        songs = [c for c in candidates if all(any(c.glob(f"{stem}.*")) for stem in STEMS)]
        if not songs:
            raise DataError(
                f"{folder}: no song in it; expected folders with vocals.* and accompaniment.*"
            )
        for song in songs:
            if found.setdefault(song.resolve().name, song) != song:
                raise DataError(f"{song} and {found[song.resolve().name]} have the same name")
    return dict(sorted(found.items()))


def load_song(name: str, folder: Path, sample_rate: int, length_s: float = 0.0) -> Song:
    """Decode a song in stereo at `sample_rate`, cut to where its voice is strongest.

    Args:
        folder: holds vocals.* and accompaniment.*
        length_s: seconds to keep; 0 keeps all.

    Raises:
        DataError: a stem is missing, or they differ in length.
        UnreadableAudio: a stem cannot be decoded.
    """
    vocals, accompaniment = (_load_stem(folder, stem, sample_rate) for stem in STEMS)
    if vocals.shape != accompaniment.shape:
        raise DataError(
            f"{folder}: vocals have {vocals.shape[1]} samples, accompaniment "
            f"{accompaniment.shape[1]}; true stems are of equal length"
        )
    kept = strongest_span(vocals, sample_rate, length_s)
    return Song(name, vocals[:, kept], accompaniment[:, kept], sample_rate)


def load_songs(folders: Mapping[str, str], sample_rate: int, length_s: float) -> list[Song]:
    """`load_song` for every name -> folder."""
    return [load_song(n, Path(folder), sample_rate, length_s) for n, folder in folders.items()]


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


def _load_stem(folder: Path, stem: str, sample_rate: int) -> Audio:
    files = sorted(folder.glob(f"{stem}.*"))
    if not files:
        raise DataError(f"{folder}: no {stem}.* in it; a scored song needs both stems")
    with open_audio(files[0]) as reader:
        blocks = list(resample_blocks(reader.blocks(), reader.info.sample_rate, sample_rate))
    audio = np.concatenate(blocks, axis=1, dtype=np.float32)
    return np.ascontiguousarray(np.broadcast_to(audio[:2], (2, audio.shape[1])))
