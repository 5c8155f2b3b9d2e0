"""Uncompressed audio through libsndfile: WAV, RF64, W64, AIFF, AU, CAF.

Compressed audio goes through FFmpeg (see _pyav), because libsndfile stops at a damaged FLAC
frame, closes the gap that a damaged Ogg page leaves, reads only the first link of a chained Ogg,
and lets its MP3 decoder write to the terminal. The one exception is Vorbis in a single Ogg page,
whose end FFmpeg trims wrongly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from vocalsep.audio._containers import ogg_is_one_page
from vocalsep.audio._layouts import vorbis_permutation
from vocalsep.audio._source import DamageLog, Source, require_plausible
from vocalsep.errors import UnreadableAudio
from vocalsep.types import AudioInfo, Block

_MAGIC = (b"RIFF", b"RIFX", b"RF64", b"riff", b"FORM", b".snd", b"caff")
_CONTAINERS = {"WAV": "wav", "WAVEX": "wav", "RF64": "wav", "W64": "w64"}
_CONTAINERS |= {"AIFF": "aiff", "AU": "au", "CAF": "caf", "OGG": "ogg"}
# subtype -> (codec without byte order, bytes per sample, bit depth)
_SUBTYPES: dict[str, tuple[str, int, int | None]] = {
    "PCM_U8": ("pcm_u8", 1, 8),
    "PCM_S8": ("pcm_s8", 1, 8),
    "PCM_16": ("pcm_s16", 2, 16),
    "PCM_24": ("pcm_s24", 3, 24),
    "PCM_32": ("pcm_s32", 4, 32),
    "FLOAT": ("pcm_f32", 4, None),
    "DOUBLE": ("pcm_f64", 8, None),
    "VORBIS": ("vorbis", 0, None),
}
_DECLARED_BYTES = re.compile(r"^\s*(?:data|SSND|Data size) *: (\d+)\b", re.MULTILINE)
# Chunk sizes include a few bytes of padding and sub-headers.
_SLACK_SAMPLES = 64


def is_soundfile(path: Path) -> bool:
    """Tell from its first bytes whether `path` may be for libsndfile."""
    with path.open("rb") as file:
        magic = file.read(4)
    return magic in _MAGIC or (magic == b"OggS" and ogg_is_one_page(path))


class SoundfileSource(Source):
    """An uncompressed audio file.

    Raises:
        UnreadableAudio: libsndfile does not take it for PCM.
    """

    def __init__(self, path: Path, name: str, layout: str | None) -> None:
        # A Python file spares libsndfile the name: it cuts paths at 1024 bytes and reads
        # standard input for "-".
        self._raw = path.open("rb")
        try:
            self._file = soundfile.SoundFile(self._raw)
        except soundfile.SoundFileError as error:
            self._raw.close()
            raise UnreadableAudio(f"{name}: not PCM audio ({error})") from None
        if self._file.subtype not in _SUBTYPES or self._file.format not in _CONTAINERS:
            self.close()
            raise UnreadableAudio(f"{name}: not PCM audio ({self._file.subtype})")
        try:
            self.info = require_plausible(_describe(self._file, path, name, layout))
        except UnreadableAudio:
            self.close()
            raise
        self._order = _channel_order(self._file.subtype, layout)
        self.damage = DamageLog(self.info.sample_rate)

    def blocks(self, start: int, block_samples: int) -> Iterator[Block]:
        wide = self.info.bit_depth == 32 or self._file.subtype == "DOUBLE"
        dtype = "float64" if wide else "float32"
        position = min(start, self._file.frames)
        self._file.seek(position)
        while True:
            samples: np.ndarray[Any, Any] = self._file.read(
                block_samples, dtype=dtype, always_2d=True
            )  # (n, C)
            if not len(samples):
                break
            position += len(samples)
            yield np.ascontiguousarray(samples.T[self._order])
        declared = self._declared_samples()
        if declared > position + _SLACK_SAMPLES:
            self.damage.ended(position, declared)

    def close(self) -> None:
        self._file.close()
        self._raw.close()

    def _declared_samples(self) -> int:
        """What the header promises; libsndfile's own count is what the file really holds."""
        sizes = [int(size) for size in _DECLARED_BYTES.findall(self._file.extra_info)]
        sizes = [size for size in sizes if size < 0xFFFFFF00]  # written by unfinished recorders
        frame_bytes = _SUBTYPES[self._file.subtype][1] * self._file.channels
        return max(sizes, default=0) // frame_bytes if frame_bytes else 0


def _channel_order(subtype: str, layout: str | None) -> slice | list[int]:
    """Index that puts libsndfile's channels into FFmpeg's order."""
    stored = vorbis_permutation(layout) if subtype == "VORBIS" else None
    return slice(None) if stored is None else list(np.argsort(stored))


def _describe(file: Any, path: Path, name: str, layout: str | None) -> AudioInfo:
    codec, n_bytes, bit_depth = _SUBTYPES[file.subtype]
    big = file.format in ("AIFF", "AU", "CAF") and file.endian != "LITTLE"
    big = big or file.endian == "BIG"
    return AudioInfo(
        name=name,
        sample_rate=file.samplerate,
        n_channels=file.channels,
        n_samples=file.frames,
        codec=codec if n_bytes < 2 else codec + ("be" if big else "le"),
        container=_CONTAINERS[file.format],
        bit_depth=bit_depth,
        is_float=codec.startswith("pcm_f"),
        is_lossy=codec == "vorbis",
        layout=layout,
        path=path,
    )
