"""FLAC and Ogg Vorbis through libsndfile: exact lengths, its Vorbis is libvorbis."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np
import soundfile

from vocalsep.audio._layouts import vorbis_permutation
from vocalsep.audio.formats import StemFormat
from vocalsep.types import Block

#: libsndfile's scale is 1 − quality/10 for Vorbis and level/8 for FLAC.
_VORBIS_QUALITY_7 = 0.3
_FLAC_LEVEL_5 = 5 / 8

#: libsndfile puts a whole Vorbis block on the stack: long ones would overflow it.
_SLICE_SAMPLES = 4096


class SoundfileEncoder:
    """Writes FLAC (int32 codes) or Ogg Vorbis (float samples) into an open file."""

    def __init__(self, file: BinaryIO, stem_format: StemFormat) -> None:
        """Start the file; container "flac" or "ogg" with Vorbis in it.

        Args:
            file: new, writable and seekable; must not raise (libsndfile cannot be interrupted).
            stem_format: what to write.
        """
        is_flac = stem_format.codec == "flac"
        self._shift = 32 - (stem_format.bit_depth or 32)
        self._order = None if is_flac else vorbis_permutation(stem_format.layout)
        self._sound = soundfile.SoundFile(
            file,
            "w",
            samplerate=stem_format.sample_rate,
            channels=stem_format.n_channels,
            format="FLAC" if is_flac else "OGG",
            subtype=f"PCM_{stem_format.bit_depth}" if is_flac else "VORBIS",
            compression_level=_FLAC_LEVEL_5 if is_flac else _VORBIS_QUALITY_7,
        )

    def write(self, block: Block) -> None:
        """Append (C, n) int32 codes (FLAC) or float samples (Vorbis)."""
        if self._order is not None:
            block = block[self._order]
        if self._shift:
            block = np.left_shift(block, self._shift)  # libsndfile wants the top bits of int32
        samples = np.ascontiguousarray(block.T)
        for start in range(0, len(samples), _SLICE_SAMPLES):
            self._sound.write(samples[start : start + _SLICE_SAMPLES])

    def close(self) -> None:
        """Complete the file."""
        self._sound.close()
