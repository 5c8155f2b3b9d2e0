"""Read MATLAB's MAT-files of level 5 (versions 5 to 7.2), in which some sets keep their labels.

Numbers, structures and cells are read, everything else comes out as None. Format: "MAT-File
Format", The MathWorks. Nothing in such a file is run.
"""

from __future__ import annotations

import math
import struct
import zlib
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from vocalsep.errors import DataError

#: Arrays; structures as lists of dictionaries and cells as lists, both in column order.
Value: TypeAlias = Any

_HEADER = 128  # bytes
_MOST_BYTES = 1 << 28  # that a compressed variable may unpack to
#: Code of a data type -> NumPy's, without byte order.
_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8",
          13: "u8", 16: "u1", 17: "u2", 18: "u4"}  # fmt: skip
_MATRIX, _COMPRESSED = 14, 15
#: Class of an array -> NumPy's type, without byte order.
_NUMBERS = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8",
            15: "u8"}  # fmt: skip
_CELL, _STRUCT = 1, 2


def read_mat(path: Path) -> dict[str, Value]:
    """The variables of a MAT-file.

    Raises:
        DataError: missing, damaged, or of version 7.3, which is HDF5.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    if data.startswith(b"MATLAB 7.3"):
        raise DataError(f"{path}: of MATLAB 7.3, expected 5 to 7.2; save it with the option -v7")
    order = {b"IM": "<", b"MI": ">"}.get(data[126:128], "")
    if not order:
        raise DataError(f"{path}: not a MAT-file; get it again")
    try:
        return _variables(data, order)
    except (ValueError, KeyError, IndexError, struct.error, zlib.error, TypeError) as error:
        raise DataError(f"{path}: damaged or cut off ({error}); get it again") from error


def _variables(data: bytes, order: str) -> dict[str, Value]:
    found = {}
    elements = _Elements(data[_HEADER:], order)
    while not elements.at_end:
        kind, body = elements.next()
        if kind == _COMPRESSED:
            unpacked = zlib.decompressobj().decompress(body, _MOST_BYTES)
            kind, body = _Elements(unpacked, order).next()
        if kind == _MATRIX:
            name, value = _matrix(body, order)
            found[name] = value
    return found


class _Elements:
    """Walks through tagged pieces of data."""

    def __init__(self, data: bytes, order: str) -> None:
        self.data = data
        self.order = order
        self.place = 0

    @property
    def at_end(self) -> bool:
        return self.place + 8 > len(self.data)

    def next(self) -> tuple[int, bytes]:
        """(type, bytes) of the next piece."""
        kind, n_bytes = struct.unpack_from(self.order + "II", self.data, self.place)
        start = self.place + 8
        if kind >> 16:  # small: type and length share four bytes, the next four are the data
            kind, n_bytes, start = kind & 0xFFFF, kind >> 16, self.place + 4
            self.place += 8
        else:
            padding = 0 if kind == _COMPRESSED else -n_bytes % 8
            self.place = start + n_bytes + padding
        body = self.data[start : start + n_bytes]
        if len(body) < n_bytes:
            raise ValueError(f"{n_bytes} bytes expected, {len(body)} there")
        return kind, body

    def numbers(self) -> Any:
        """The next piece as an array of one axis."""
        kind, body = self.next()
        return np.frombuffer(body, np.dtype(self.order + _TYPES[kind]))


def _matrix(body: bytes, order: str) -> tuple[str, Value]:
    """(name, value) of an array."""
    if not body:
        return "", np.zeros((0, 0))
    elements = _Elements(body, order)
    kind = int(elements.numbers()[0]) & 0xFF
    shape = [int(n) for n in elements.numbers()]
    name = elements.numbers().tobytes().decode("ascii", "replace")
    if kind in _NUMBERS:
        stored = elements.numbers()  # small numbers may be stored in a smaller type
        return name, stored.astype(_NUMBERS[kind]).reshape(shape, order="F")
    if kind == _CELL:
        return name, [_matrix(elements.next()[1], order)[1] for _ in range(math.prod(shape))]
    if kind == _STRUCT:
        return name, _structures(elements, math.prod(shape), order)
    return name, None


def _structures(elements: _Elements, n: int, order: str) -> list[dict[str, Value]]:
    width = int(elements.numbers()[0])
    text = elements.numbers().tobytes()
    fields = [
        text[start : start + width].split(b"\0")[0].decode("ascii", "replace")
        for start in range(0, len(text), width)
    ]
    return [{field: _matrix(elements.next()[1], order)[1] for field in fields} for _ in range(n)]
