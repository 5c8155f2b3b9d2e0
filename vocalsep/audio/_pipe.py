"""Raw PCM and WAV from a stream that cannot seek."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from vocalsep.audio._frames import to_float
from vocalsep.audio._source import DamageLog, Source, drop_first, require_plausible
from vocalsep.errors import UnreadableAudio
from vocalsep.types import AudioInfo, Block

NAME = "standard input"
_REMEDY = "send WAV, e.g. `ffmpeg -i song.m4a -f wav - | vocalsep separate -`"
_INTEGER, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_SKIP_BYTES = 1 << 16


@dataclass(frozen=True)
class RawFormat:
    """What headerless 32-bit little-endian float PCM (f32le) does not say itself."""

    sample_rate: int  # Hz
    n_channels: int


@dataclass(frozen=True)
class _WavHeader:
    tag: int  # _INTEGER or _FLOAT
    n_channels: int
    sample_rate: int
    bits: int
    data_bytes: int | None  # None: until the stream ends

    @property
    def frame_bytes(self) -> int:
        return self.n_channels * self.bits // 8


class PipeSource(Source):
    """PCM from a pipe; the stream stays open, it belongs to the caller.

    Raises:
        UnreadableAudio: the stream is empty, is not WAV, or holds a WAV that is not PCM.
    """

    def __init__(self, stream: BinaryIO, raw: RawFormat | None) -> None:
        self._stream = stream
        if raw is None:
            self._header = _read_header(stream)
        else:
            self._header = _WavHeader(_FLOAT, raw.n_channels, raw.sample_rate, 32, None)
        self.info = require_plausible(_describe(self._header, is_raw=raw is not None))
        self.damage = DamageLog(self.info.sample_rate)

    def blocks(self, start: int, block_samples: int) -> Iterator[Block]:
        return drop_first(self._all(block_samples), start)

    def close(self) -> None:
        """Nothing to release."""

    def _all(self, block_samples: int) -> Iterator[Block]:
        header = self._header
        left = header.data_bytes
        position = 0
        while left is None or left > 0:
            wanted = block_samples * header.frame_bytes
            data = _read(self._stream, wanted if left is None else min(wanted, left))
            n_samples = len(data) // header.frame_bytes
            if n_samples == 0:
                break
            position += n_samples
            left = None if left is None else left - len(data)
            yield _to_block(data[: n_samples * header.frame_bytes], header)
        declared = self.info.n_samples
        if declared is not None and position < declared:
            self.damage.ended(position, declared)


def _read(stream: BinaryIO, n_bytes: int) -> bytes:
    """Read exactly `n_bytes`, fewer only at the end: pipes give what they have."""
    parts = []
    while n_bytes > 0 and (part := stream.read(n_bytes)):
        parts.append(part)
        n_bytes -= len(part)
    return b"".join(parts)


def _skip(stream: BinaryIO, n_bytes: int) -> None:
    while n_bytes > 0 and (part := _read(stream, min(n_bytes, _SKIP_BYTES))):
        n_bytes -= len(part)


def _read_header(stream: BinaryIO) -> _WavHeader:
    """Read up to the first sample of a RIFF or RF64 WAV."""
    head = _read(stream, 12)
    if not head:
        raise UnreadableAudio(f"{NAME}: it is empty; {_REMEDY}")
    if head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
        raise UnreadableAudio(
            f"{NAME}: not WAV (it starts with {head[:4]!r}); {_REMEDY}, "
            "or raw f32le PCM with its rate and channels"
        )
    fmt: bytes | None = None
    size_64: int | None = None
    while len(chunk := _read(stream, 8)) == 8:
        name, size = struct.unpack("<4sI", chunk)
        if name == b"data":
            if fmt is None:
                break
            return _parse_format(fmt, _data_bytes(size, size_64))
        if name in (b"fmt ", b"ds64"):
            body = _read(stream, size + size % 2)
            if name == b"fmt ":
                fmt = body
            elif len(body) >= 16:
                size_64 = int.from_bytes(body[8:16], "little")
        else:
            _skip(stream, size + size % 2)
    raise UnreadableAudio(f"{NAME}: its WAV header is damaged (no samples in it); {_REMEDY}")


def _data_bytes(size: int, size_64: int | None) -> int | None:
    """Size of the data chunk; None for what writers put there before they know it."""
    if size == 0xFFFFFFFF and size_64:
        return size_64
    # 0 and 0xFFFFFFFF are FFmpeg's and others'; SoX writes a little less than 2 GiB.
    unknown = size == 0 or size >= 0xFFFFFF00 or 0x7FFFF000 - 64 <= size <= 0x7FFFFFFF
    return None if unknown else size


def _parse_format(fmt: bytes, data_bytes: int | None) -> _WavHeader:
    if len(fmt) < 16:
        raise UnreadableAudio(f"{NAME}: its WAV header is damaged (short format chunk); {_REMEDY}")
    tag, n_channels, sample_rate, _, _, bits = struct.unpack("<HHIIHH", fmt[:16])
    if tag == _EXTENSIBLE and len(fmt) >= 26:
        tag = int.from_bytes(fmt[24:26], "little")
    if (tag, bits) not in _DTYPES:
        raise UnreadableAudio(
            f"{NAME}: WAV of format {tag} with {bits} bits, expected PCM or float; {_REMEDY}"
        )
    return _WavHeader(tag, n_channels, sample_rate, bits, data_bytes)


# (tag, bits) -> (stored type, FFmpeg's codec name); 24 bits have no numpy type
_DTYPES = {
    (_INTEGER, 8): ("u1", "pcm_u8"),
    (_INTEGER, 16): ("<i2", "pcm_s16le"),
    (_INTEGER, 24): ("u1", "pcm_s24le"),
    (_INTEGER, 32): ("<i4", "pcm_s32le"),
    (_FLOAT, 32): ("<f4", "pcm_f32le"),
    (_FLOAT, 64): ("<f8", "pcm_f64le"),
}


def _describe(header: _WavHeader, is_raw: bool) -> AudioInfo:
    frame_bytes = max(header.frame_bytes, 1)
    return AudioInfo(
        name=NAME,
        sample_rate=header.sample_rate,
        n_channels=header.n_channels,
        n_samples=None if header.data_bytes is None else header.data_bytes // frame_bytes,
        codec=_DTYPES[header.tag, header.bits][1],
        container="raw" if is_raw else "wav",
        bit_depth=header.bits if header.tag == _INTEGER else None,
        is_float=header.tag == _FLOAT,
        layout={1: "mono", 2: "stereo"}.get(header.n_channels),
    )


def _to_block(data: bytes, header: _WavHeader) -> Block:
    """Return (C, n) float32, or float64 for 32-bit integers and doubles."""
    stored: npt.NDArray[Any] = np.frombuffer(data, _DTYPES[header.tag, header.bits][0])
    if (header.tag, header.bits) == (_INTEGER, 24):
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        wide[:, 1:] = stored.reshape(-1, 3)  # the low byte stays 0: values times 256
        stored = wide.view("<i4")[:, 0]
    samples = np.ascontiguousarray(stored.reshape(-1, header.n_channels).T)  # (C, n)
    return to_float(samples, wide=header.bits == 64 or (header.tag, header.bits) == (_INTEGER, 32))
