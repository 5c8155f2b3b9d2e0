"""Maps of probabilities, written row by row as they become known: none is ever held whole."""

from __future__ import annotations

import struct
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from vocalsep.atomic import replacing
from vocalsep.segmentation.tiles import Floats

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY = 0
_UP = 2  # PNG's filter type: differences to the row above


class Maps(ABC):
    """Files that take the probabilities of all classes."""

    @abstractmethod
    def write(self, rows: Floats) -> None:
        """Take the next rows, (K, n, *rest) of 0…1."""


@contextmanager
def png_maps(paths: Sequence[Path], size: tuple[int, int], n_bits: int) -> Iterator[Maps]:
    """One grey PNG a class, 8 or 16 bits: 0 is never, the greatest value is certain.

    Args:
        paths: one a class; they get their names when the block ends well.
        size: (H, W).

    Raises:
        OSError: a file cannot be written.
    """
    with ExitStack() as stack:
        temporary = [stack.enter_context(replacing(path)) for path in paths]
        files = [stack.enter_context(path.open("wb")) for path in temporary]
        maps = [_GreyPng(file, size, n_bits) for file in files]
        yield _PngMaps(maps)
        for each in maps:
            each.end()


@contextmanager
def npz_map(path: Path, size: Sequence[int], classes: Sequence[str]) -> Iterator[Maps]:
    """One compressed NumPy archive: "probabilities" (*size, K) float16, "classes" (K) names.

    Args:
        path: gets its name when the block ends well.
        size: of the picture or volume.

    Raises:
        OSError: the file cannot be written.
    """
    with (
        replacing(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        with archive.open("classes.npy", "w") as file:
            np.lib.format.write_array(file, np.array(classes))
        with archive.open("probabilities.npy", "w", force_zip64=True) as file:
            shape = (*size, len(classes))
            header = {"descr": "<f2", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            yield _NpyMap(file)


class _NpyMap(Maps):
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, rows: Floats) -> None:
        self._file.write(np.moveaxis(rows, 0, -1).astype("<f2").tobytes())


class _PngMaps(Maps):
    def __init__(self, maps: Sequence[_GreyPng]) -> None:
        self._maps = maps

    def write(self, rows: Floats) -> None:
        for each, values in zip(self._maps, rows, strict=True):
            each.write(values)


class _GreyPng:
    """A grey PNG that is written from above (ISO/IEC 15948)."""

    def __init__(self, file: IO[bytes], size: tuple[int, int], n_bits: int) -> None:
        self._file = file
        self._most = 2**n_bits - 1
        self._dtype = ">u2" if n_bits == 16 else "u1"
        height, width = size
        self._above = np.zeros(width * n_bits // 8, np.uint8)
        self._deflate = zlib.compressobj(6)
        file.write(_SIGNATURE)
        self._chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, n_bits, _GREY, 0, 0, 0))

    def write(self, values: Floats) -> None:
        """(n, W) of 0…1."""
        whole = np.rint(values * self._most).clip(0, self._most).astype(self._dtype)
        lines = whole.view(np.uint8).reshape(len(whole), -1)
        above = np.concatenate([self._above[None], lines[:-1]])
        filtered = np.pad(lines - above, ((0, 0), (1, 0)), constant_values=_UP)
        self._above = lines[-1].copy()
        self._data(self._deflate.compress(filtered.tobytes()))

    def end(self) -> None:
        self._data(self._deflate.flush())
        self._chunk(b"IEND", b"")

    def _data(self, packed: bytes) -> None:
        if packed:
            self._chunk(b"IDAT", packed)

    def _chunk(self, kind: bytes, data: bytes) -> None:
        self._file.write(struct.pack(">I", len(data)) + kind + data)
        self._file.write(struct.pack(">I", zlib.crc32(kind + data)))
