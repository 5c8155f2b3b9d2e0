"""Banks: training audio decoded once to memory-mapped int16, so that loading costs a page read.

A bank is a folder with one `<key>.i16` file a track (little-endian int16, samples × channels
interleaved, all at one sample rate) and `index.json`. The key is the sha256 of the source's bytes
and the sample rate, so packing again after an interruption only does what is missing.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vocalsep.errors import DataError, OutputError

INDEX = "index.json"
FULL_SCALE = 32767.0


@dataclass(frozen=True)
class Track:
    """One decoded stem.

    Attributes:
        key: name of its file in the bank, without ".i16".
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


class Bank:
    """Reads segments of packed tracks.

    Raises:
        DataError: the folder is no bank, or is empty.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
            self.sample_rate = int(index["sample_rate"])
            self.tracks = [Track(**row) for row in index["tracks"]]
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"{folder}: not a bank ({error}); make one with `vocalsep data pack`"
            ) from error
        if not self.tracks:
            raise DataError(f"{folder}: the bank holds no tracks; pack a list that names some")
        self._maps: dict[str, npt.NDArray[np.int16]] = {}

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
        """(2, n_samples) float32 from sample `start`; zeros beyond the ends; mono on both sides."""
        if track.key not in self._maps:
            shape = (track.n_samples, track.n_channels)
            path = self.folder / f"{track.key}.i16"
            try:
                self._maps[track.key] = np.memmap(path, np.dtype("<i2"), mode="r", shape=shape)
            except (OSError, ValueError) as error:
                raise DataError(
                    f"{path}: cannot be mapped ({error}); pack the bank again"
                ) from error
        segment = np.zeros((2, n_samples), np.float32)
        first, last = max(start, 0), min(start + n_samples, track.n_samples)
        if last > first:
            piece = self._maps[track.key][first:last].astype(np.float32).T  # (1 or 2, n)
            segment[:, first - start : last - start] = piece / FULL_SCALE
        return segment


def write_index(folder: Path, sample_rate: int, tracks: list[Track]) -> None:
    """Write index.json atomically.

    Raises:
        OutputError: it cannot be written.
    """
    temporary = folder / f".{INDEX}.tmp"
    rows = [asdict(track) for track in tracks]
    text = json.dumps({"sample_rate": sample_rate, "tracks": rows}, indent=0)
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(folder / INDEX)
    except OSError as error:
        raise OutputError(f"{folder / INDEX}: cannot be written: {error.strerror}") from error
