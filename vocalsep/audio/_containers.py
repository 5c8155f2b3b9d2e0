"""Small facts that FFmpeg does not tell: gapless lengths and single-page Ogg files."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

_ID3_HEADER_BYTES = 10
_OGG_HEADER = struct.Struct("<4sBBqIIIB")
_LAST_PAGE = 4
_LONGEST_OGG_PAGE = 27 + 255 + 255 * 255


def wav_sample_rate(path: Path) -> int | None:
    """Sample rate in the header of a WAV, however absurd; None if there is no such header."""
    with path.open("rb") as file:
        head = file.read(4096)
    start = head.find(b"fmt ")
    if head[:4] not in (b"RIFF", b"RF64") or start < 0 or len(head) < start + 16:
        return None
    return int.from_bytes(head[start + 12 : start + 16], "little")


def mp3_counts_frames(path: Path) -> bool:
    """Tell whether an MP3 starts with a Xing, Info or VBRI frame, and so knows its length.

    Without one FFmpeg guesses the length from the bit rate.
    """
    with path.open("rb") as file:
        head = file.read(_ID3_HEADER_BYTES)
        while head[:3] == b"ID3":
            size = 0
            for byte in head[6:10]:
                size = size << 7 | byte & 0x7F
            file.seek(size, 1)
            head = file.read(_ID3_HEADER_BYTES)
        head += file.read(4096)
    return any(tag in head for tag in (b"Xing", b"Info", b"VBRI"))


def ogg_is_one_page(path: Path) -> bool:
    """Tell whether the whole audio of an Ogg file lies in one page.

    FFmpeg knows a page's start only from the page before it, so it cannot trim such a file.
    """
    with path.open("rb") as file:
        while len(head := file.read(_OGG_HEADER.size)) == _OGG_HEADER.size:
            magic, _, flags, granule, _, _, _, n_segments = _OGG_HEADER.unpack(head)
            if magic != b"OggS":
                return False
            file.seek(sum(file.read(n_segments)), 1)
            if granule > 0:  # header pages have 0, pages on which no packet ends have -1
                return bool(flags & _LAST_PAGE) and not file.read(1)
    return False


def ogg_is_complete(path: Path) -> bool:
    """Tell whether the last page of an Ogg file is marked as the last."""
    last = _last_ogg_page(path)
    return last is not None and bool(last[2] & _LAST_PAGE)


def ogg_is_one_stream(path: Path) -> bool:
    """Tell whether an Ogg file ends with the stream it starts with.

    Chained files (radio recordings, concatenations) do not; their last page tells the length of
    the last link only.
    """
    with path.open("rb") as file:
        head = file.read(_OGG_HEADER.size)
    last = _last_ogg_page(path)
    return (
        len(head) == _OGG_HEADER.size
        and last is not None
        and _OGG_HEADER.unpack(head)[4] == last[4]
    )


def _last_ogg_page(path: Path) -> tuple[Any, ...] | None:
    """Header fields of the last page: magic, version, flags, granule, serial number, …"""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _LONGEST_OGG_PAGE))
        tail = file.read()
    start = tail.rfind(b"OggS")
    if start < 0 or len(tail) - start < _OGG_HEADER.size:
        return None
    return _OGG_HEADER.unpack_from(tail, start)


def opus_pre_skip(extradata: bytes | None) -> int:
    """Samples at 48 kHz that a player drops from the start, from an OpusHead."""
    if extradata is None or len(extradata) < 12:
        return 0
    return int.from_bytes(extradata[10:12], "little")


def lossless_bit_depth(codec: str, extradata: bytes | None) -> int | None:
    """Bit depth in a FLAC STREAMINFO or an ALAC magic cookie; None when it is not there."""
    if codec == "flac" and extradata is not None and len(extradata) >= 34:
        return ((int.from_bytes(extradata[12:14], "big") >> 4) & 0x1F) + 1
    if codec == "alac" and extradata is not None and len(extradata) >= 18:
        return extradata[17]
    return None


def itunes_samples(tag: str | None) -> int | None:
    """Length in an iTunSMPB tag: " 00000000 <delay> <padding> <samples> …", all hexadecimal."""
    fields = (tag or "").split()
    try:
        return int(fields[3], 16) or None
    except (IndexError, ValueError):
        return None
