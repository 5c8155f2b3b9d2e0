"""Banks: training audio decoded once to memory-mapped int16, so that loading costs a page read.

A bank is a folder with, for each track,

    <key>.i16      little-endian int16, samples × channels interleaved, all at one sample rate
    <key>.shape    number of channels and band in Hz, as text
    <key>.levels   float32 RMS of every LEVEL_BLOCK samples, to find loud places without reading

and `index.json`. The key is the sha256 of the source's bytes and the sample rate, so packing again
after an interruption only does what is missing.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from vocalsep.atomic import write_whole
from vocalsep.errors import DataError

INDEX = "index.json"
FULL_SCALE = 32767.0
LEVEL_BLOCK = 4096  # samples


@dataclass(frozen=True)
class Track:
    """One decoded stem.

    Attributes:
        key: name of its file in the bank, without suffix.
        target: "vocals" or "accompaniment" (or any stem name of the recipe).
        group: where it comes from; recipes give shares to groups.
        song: stems of one song carry the same name and are aligned; empty when unpaired.
        path: the source, relative to the data root.
        licence: of the source.
        band_hz: no content above this frequency (band-limited source).
        n_channels: 1 or 2.
        n_samples: per channel.
    """

    key: str
    target: str
    group: str
    song: str
    path: str
    licence: str
    band_hz: float
    n_channels: int
    n_samples: int


class TrackReader(Protocol):
    """What the mixer draws from: a bank, or the samples of tar shards held in memory.

    Attributes:
        whole: all there is; otherwise a group that is asked for may be missing for the moment.
    """

    whole: bool

    @property
    def name(self) -> str:
        """What messages call it."""

    @property
    def sample_rate(self) -> int:
        """Of all tracks, Hz."""

    @property
    def tracks(self) -> list[Track]:
        """All there is."""

    def read(self, track: Track, start: int, n_samples: int) -> npt.NDArray[np.float32]:
        """(2, n_samples) float32 from sample `start`; zeros beyond the ends; mono on both sides."""

    def level(self, track: Track, start: int, n_samples: int) -> float:
        """About the RMS of that segment."""


class Bank:
    """Reads segments of packed tracks.

    Raises:
        DataError: the folder is no bank, or is empty.
    """

    whole = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = str(folder)
        try:
            index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
            self.sample_rate = int(index["sample_rate"])
            self.made_from = str(index.get("made_from", ""))
            self.tracks = [Track(**row) for row in index["tracks"]]
        except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(
                f"{folder}: not a bank ({error}); make one with `vocalsep data pack`"
            ) from error
        if not self.tracks:
            raise DataError(f"{folder}: the bank holds no tracks; pack a list that names some")
        self._maps: dict[str, npt.NDArray[np.int16]] = {}
        self._levels: dict[str, npt.NDArray[np.float32] | None] = {}

    def check_files(self) -> None:
        """Look that every track is there, whole.

        Raises:
            DataError: a file is missing or has another size than the index says.
        """
        for track in self.tracks:
            path = self.folder / f"{track.key}.i16"
            size = path.stat().st_size if path.is_file() else 0
            wanted = 2 * track.n_samples * track.n_channels
            if size != wanted:
                raise DataError(f"{path}: {size} bytes, expected {wanted}; pack the bank again")

    def read(self, track: Track, start: int, n_samples: int) -> npt.NDArray[np.float32]:
        """(2, n_samples) float32 from sample `start`; zeros beyond the ends; mono on both sides.

        Raises:
            DataError: the track's file is missing or too short.
        """
        if track.key not in self._maps:
            shape = (track.n_samples, track.n_channels)
            path = self.folder / f"{track.key}.i16"
            try:
                self._maps[track.key] = np.memmap(path, np.dtype("<i2"), mode="r", shape=shape)
            except (OSError, ValueError) as error:
                raise DataError(
                    f"{path}: cannot be mapped ({error}); pack the bank again"
                ) from error
        return segment_of(self._maps[track.key], start, n_samples)

    def level(self, track: Track, start: int, n_samples: int) -> float:
        """About the RMS of that segment: from the levels beside the track, or from a few pieces."""
        if track.key not in self._levels:
            path = self.folder / f"{track.key}.levels"
            exists = path.is_file()
            self._levels[track.key] = np.fromfile(path, "<f4") if exists else None
        levels = self._levels[track.key]
        if levels is None:  # banks of older versions
            pieces = [self.read(track, start + k * n_samples // 8, 512) for k in range(8)]
            return float(np.sqrt(np.mean(np.square(pieces))))
        first, last = (max(0, at // LEVEL_BLOCK) for at in (start, start + n_samples))
        inside = levels[first : last + 1]
        return float(np.sqrt(np.square(inside).sum() * LEVEL_BLOCK / n_samples))


def segment_of(
    samples: npt.NDArray[np.int16], start: int, n_samples: int
) -> npt.NDArray[np.float32]:
    """(2, n_samples) float32 within ±1 out of (N, 1 or 2) int16; zeros beyond the ends."""
    segment = np.zeros((2, n_samples), np.float32)
    first, last = max(start, 0), min(start + n_samples, len(samples))
    if last > first:
        piece = samples[first:last].T  # (1 or 2, n)
        inside = segment[:, first - start : last - start]
        np.multiply(piece, np.float32(1 / FULL_SCALE), out=inside, casting="unsafe")
    return segment


def levels_of(samples: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
    """RMS of every LEVEL_BLOCK samples of (N, 1 or 2) int16, full scale 1; the last may be short.

    >>> levels_of(np.full((5000, 2), 32767, np.int16))
    array([1., 1.], dtype=float32)
    """
    starts = np.arange(0, len(samples), LEVEL_BLOCK)
    energy = np.square(samples.astype(np.float32) / FULL_SCALE).mean(1)
    counts = np.diff(np.append(starts, len(samples)))
    return np.sqrt(np.add.reduceat(energy, starts) / counts).astype("<f4")


def write_index(folder: Path, sample_rate: int, tracks: list[Track], made_from: str = "") -> None:
    """Write index.json atomically.

    Args:
        made_from: fingerprint of the data set; tells later whether the bank is up to date.

    Raises:
        OutputError: it cannot be written.
    """
    rows = [asdict(track) for track in tracks]
    index = {"sample_rate": sample_rate, "made_from": made_from, "tracks": rows}
    write_whole(folder / INDEX, json.dumps(index, indent=0).encode())
