"""The glossary as code: the few nouns that cross module borders.

Axis letters, used in every docstring and shape comment:

    B batch · C audio or image channels · S sources/stems · F frequency bins · T STFT frames
    N samples in time · L samples in a chunk · H, W image rows, columns · K classes
    D feature channels inside a network

Names (units):

    sample_rate    samples per second and channel (Hz)
    n_samples      length in time, per channel (samples)
    sample         one time point of one channel; never a data-set item (that is an example)
    frame          one STFT column; never "one sample of all channels"
    n_fft          FFT length; F = n_fft // 2 + 1 (samples)
    hop_length     distance between frames, or between chunks (samples)
    mixture        the sum we hear; sources: its true components (full scale is ±1)
    targets        names of what a model estimates, in the order of S
    estimates      model output for the targets (B, S, C, N)
    residual       mixture − Σ estimates; "accompaniment" when the only target is vocals
    stems          named output streams (targets and residual)
    block          an arbitrary-length piece (C, n) as it comes from a decoder
    chunk          fixed-length network input (C, L), overlapping its neighbours
    segment        random training excerpt of a track (C, N)
    mask           multiplies the mixture spectrum (B, S, C, F, T)
    features       input or output of a backbone (B, D, *size)
    step           optimiser step; there are no epochs, streams are endless
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

#: (C, n) at the source's own sample rate. float32, or float64 where float32 cannot hold the
#: samples exactly (32-bit PCM and double-precision files). Full scale is ±1.
Block: TypeAlias = npt.NDArray[np.floating]

#: One block per stem name, all of the same shape, e.g. {"vocals": (C, n), "accompaniment": (C, n)}.
Stems: TypeAlias = dict[str, Block]


@dataclass(frozen=True)
class AudioInfo:
    """What is known of an audio source before it is decoded.

    `n_samples` counts samples per channel as a gapless-aware player hears them; None when the
    container does not say (pipes, damaged headers). `bit_depth` is 8, 16, 24 or 32 for integer
    PCM (and lossless codecs that carry it) and None for float and for lossy sources.
    """

    name: str  # what messages call this source: its path, or "standard input"
    sample_rate: int  # Hz
    n_channels: int
    n_samples: int | None
    codec: str  # FFmpeg's codec name, e.g. "pcm_s16le", "flac", "mp3", "aac"
    container: str  # lower-case, e.g. "wav", "flac", "mp3", "mp4", "matroska"
    bit_depth: int | None = None  # of integer sources
    is_float: bool = False  # float PCM
    is_lossy: bool = False
    layout: str | None = None  # FFmpeg's channel layout name, e.g. "mono", "stereo", "5.1"
    path: Path | None = field(default=None, compare=False)  # None for pipes

    @property
    def length_s(self) -> float | None:
        """Length in seconds, None if unknown."""
        return None if self.n_samples is None else self.n_samples / self.sample_rate
