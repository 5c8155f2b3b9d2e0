"""Put a box into `moov/udta` of a complete MP4 file.

MP4 is a tree of boxes (ISO 14496-12): 32-bit size, four letters, content; size 1 means that a
64-bit size follows the letters. The tables inside `moov` hold places of sound in the file, so
`moov` may only grow where nothing lies behind it: at the end, where FFmpeg writes it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from vocalsep.errors import OutputError

_HEADER = struct.Struct(">I4s")
_WIDE_SIZE = struct.Struct(">Q")


@dataclass(frozen=True)
class Box:
    """Where a box lies: the places of its first byte and of its content, its letters, its size."""

    kind: bytes
    start: int
    content: int
    end: int


def boxes(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """The boxes between two places of a file.

    Raises:
        OutputError: their sizes do not fit.
    """
    while start < end:
        file.seek(start)
        size, kind = _HEADER.unpack(file.read(_HEADER.size))
        content = start + _HEADER.size
        if size == 1:
            (size,) = _WIDE_SIZE.unpack(file.read(_WIDE_SIZE.size))
            content += _WIDE_SIZE.size
        stop = end if size == 0 else start + size
        if not content <= stop <= end:
            raise OutputError(f"MP4 box {kind!r} at {start} has an impossible size of {size}")
        yield Box(kind, start, content, stop)
        start = stop


def add_user_box(path: Path, kind: bytes, content: bytes) -> None:
    """Append a box to `moov/udta` of a file whose last box is `moov`.

    Raises:
        OutputError: the file is built otherwise.
        OSError: it cannot be written.
    """
    with path.open("r+b") as file:
        file.seek(0, 2)
        *_, moov = boxes(file, 0, file.tell())
        if moov.kind != b"moov":
            raise OutputError(f"{path}: its last box is {moov.kind!r}, expected moov")
        old = _find_udta(file, moov)
        kept = _read(file, old.content, old.end) if old else b""
        around = _read(file, moov.content, moov.end)
        if old:
            around = around[: old.start - moov.content] + around[old.end - moov.content :]
        udta = _box(b"udta", kept + _box(kind, content))
        file.seek(moov.start)
        file.write(_box(b"moov", around + udta))
        file.truncate()


def _find_udta(file: BinaryIO, moov: Box) -> Box | None:
    return next((box for box in boxes(file, moov.content, moov.end) if box.kind == b"udta"), None)


def _read(file: BinaryIO, start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(end - start)


def _box(kind: bytes, content: bytes) -> bytes:
    return _HEADER.pack(_HEADER.size + len(content), kind) + content
