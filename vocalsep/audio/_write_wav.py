"""WAV files and streams: PCM and float, RF64 where 32-bit sizes do not suffice.

Own code because libsndfile's WAV writer stamps float files with the time, decides on RF64 before
the length is known and is given no channel layout by its Python binding.
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from vocalsep.audio._layouts import PLAIN_LAYOUTS, wave_mask
from vocalsep.audio.formats import StemFormat
from vocalsep.types import Block

#: Largest value of a 32-bit size field; in a header it also means "see ds64" or "unknown".
MAX_SIZE = 2**32 - 1

_PCM, _IEEE_FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")  # of every WAVEFORMATEXTENSIBLE GUID
_DS64_BYTES = 28


class WavEncoder:
    """Writes blocks behind a header that `close` completes.

    The header reserves room (a JUNK chunk) for the 64-bit sizes of RF64, so the decision falls
    when the size is known: a file of at most `max_size` bytes is plain WAV.
    """

    def __init__(self, file: BinaryIO, stem_format: StemFormat, max_size: int = MAX_SIZE) -> None:
        """Write the header.

        Args:
            file: new, writable and seekable.
            stem_format: container "wav".
            max_size: where RF64 begins; lower than 4 GiB only in tests.
        """
        self._file = file
        self._format = stem_format
        self._max_size = max_size
        self._n_bytes = 0
        self._header_bytes = file.write(wav_header(stem_format, 0, max_size))

    def write(self, block: Block) -> None:
        """Append (C, n) int32 codes or float samples."""
        self._n_bytes += self._file.write(wav_payload(block, self._format))

    def close(self) -> None:
        """Pad the data to an even size and write the final sizes."""
        self._file.write(b"\0" * (self._n_bytes % 2))
        self._file.seek(0)
        self._file.write(wav_header(self._format, self._n_bytes, self._max_size))
        self._file.seek(0, os.SEEK_END)


class WavStreamEncoder:
    """Writes to a pipe: the sizes in the header, if it has one, stay unknown (0xFFFFFFFF)."""

    def __init__(self, stream: BinaryIO, stem_format: StemFormat, has_header: bool) -> None:
        self._stream = stream
        self._format = stem_format
        if not has_header:
            return
        stream.write(_chunk_start(b"RIFF", MAX_SIZE) + b"WAVE" + _fmt_chunk(stem_format))
        stream.write(_chunk_start(b"data", MAX_SIZE))

    def write(self, block: Block) -> None:
        """Append (C, n) int32 codes or float samples."""
        self._stream.write(wav_payload(block, self._format))

    def close(self) -> None:
        """Hand the last bytes over; the stream stays open."""
        self._stream.flush()


def wav_bytes(stem_format: StemFormat, n_samples: int) -> int:
    """Size in bytes of a file of so many samples per channel, without tags."""
    n_bytes = n_samples * stem_format.n_channels * _bytes_per_value(stem_format)
    return len(wav_header(stem_format, n_bytes)) + n_bytes + n_bytes % 2


def wav_header(stem_format: StemFormat, n_bytes: int, max_size: int = MAX_SIZE) -> bytes:
    """Everything before the samples, of the same length whatever `n_bytes` of data follow."""
    n_samples = n_bytes // (_bytes_per_value(stem_format) * stem_format.n_channels)
    fmt = _fmt_chunk(stem_format)
    if stem_format.is_float:
        fmt += _chunk_start(b"fact", 4) + struct.pack("<I", min(n_samples, MAX_SIZE))
    riff_bytes = 4 + 8 + _DS64_BYTES + len(fmt) + 8 + n_bytes + n_bytes % 2
    if riff_bytes + 8 <= max_size:
        start = _chunk_start(b"RIFF", riff_bytes) + b"WAVE"
        return start + _chunk(b"JUNK", bytes(_DS64_BYTES)) + fmt + _chunk_start(b"data", n_bytes)
    ds64 = struct.pack("<QQQI", riff_bytes, n_bytes, n_samples, 0)
    start = _chunk_start(b"RF64", MAX_SIZE) + b"WAVE" + _chunk(b"ds64", ds64)
    return start + fmt + _chunk_start(b"data", MAX_SIZE)


def append_chunk(file: BinaryIO, name: bytes, payload: bytes, max_size: int = MAX_SIZE) -> None:
    """Add a chunk behind the samples of a complete file of ours and correct its total size.

    A plain WAV that would pass `max_size` by it stays as it is, without the chunk.
    """
    chunk = _chunk(name, payload) + b"\0" * (len(payload) % 2)
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    is_rf64 = file.read(4) == b"RF64"
    if not is_rf64 and size + len(chunk) > max_size:
        return
    file.seek(0, os.SEEK_END)
    file.write(chunk)
    file.seek(20 if is_rf64 else 4)  # the first field of ds64, or the size after "RIFF"
    file.write(struct.pack("<Q" if is_rf64 else "<I", size + len(chunk) - 8))


def wav_payload(block: Block, stem_format: StemFormat) -> bytes:
    """(C, n) codes or samples as interleaved little-endian bytes."""
    if stem_format.is_float:
        samples: npt.NDArray[np.float32] = block.T.astype("<f4")
        return samples.tobytes()
    if stem_format.bit_depth == 8:
        return np.asarray(block.T + 128, np.uint8).tobytes()  # 8-bit WAV alone is unsigned
    octets = np.frombuffer(block.T.astype("<i4").tobytes(), np.uint8).reshape(-1, 4)
    return np.ascontiguousarray(octets[:, : _bytes_per_value(stem_format)]).tobytes()


def _bytes_per_value(stem_format: StemFormat) -> int:
    return (stem_format.bit_depth or 32) // 8


def _chunk_start(name: bytes, n_bytes: int) -> bytes:
    return name + struct.pack("<I", n_bytes)


def _chunk(name: bytes, payload: bytes) -> bytes:
    return _chunk_start(name, len(payload)) + payload


def _fmt_chunk(stem_format: StemFormat) -> bytes:
    """Plain for mono and stereo, which the oldest readers know; else with the speaker mask."""
    n_bytes = _bytes_per_value(stem_format)
    align = n_bytes * stem_format.n_channels
    rate = stem_format.sample_rate
    code = _IEEE_FLOAT if stem_format.is_float else _PCM
    fields = (stem_format.n_channels, rate, rate * align, align, 8 * n_bytes)
    if stem_format.layout == PLAIN_LAYOUTS.get(stem_format.n_channels, ""):
        return _chunk(b"fmt ", struct.pack("<HHIIHH", code, *fields))
    mask = wave_mask(stem_format.layout)
    extension = struct.pack("<HHIH", 22, 8 * n_bytes, mask, code) + _GUID_TAIL
    return _chunk(b"fmt ", struct.pack("<HHIIHH", _EXTENSIBLE, *fields) + extension)
