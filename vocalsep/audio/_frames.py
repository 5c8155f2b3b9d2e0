"""Decoded samples of any type as float blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from av import AudioFrame

from vocalsep.types import Block


def to_float(samples: npt.NDArray[Any], wide: bool) -> Block:
    """Scale (C, n) samples to full scale ±1; unsigned bytes are centred on 128.

    Args:
        samples: integers, left-justified in their type, or floats.
        wide: give float64; else float32, which holds integers of up to 24 bits exactly.
    """
    values: Block = samples.astype(np.float64 if wide else np.float32, copy=False)
    # Python floats keep the array's type; powers of two keep the samples exact.
    if samples.dtype.kind == "u":
        values = (values - 128.0) / 128.0
    elif samples.dtype.kind == "i":
        values = values * 2.0 ** (1 - 8 * samples.dtype.itemsize)
    return values


def frame_block(frame: AudioFrame, wide: bool) -> Block:
    """Return the samples of an FFmpeg frame, packed or planar, as (C, n) full scale ±1."""
    samples: npt.NDArray[Any] = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T  # (C, n)
    return to_float(samples, wide)
