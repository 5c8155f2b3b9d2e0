"""A separator as the live stream hears it."""

from __future__ import annotations

import numpy as np

from vocalsep.errors import ModelError
from vocalsep.inference.separator import Separator
from vocalsep.karaoke.sliding import Estimate, Float32Array


def voice_estimate(separator: Separator, sample_rate: int) -> Estimate:
    """The voice of a window at any rate (Hz) and number of channels.

    Raises:
        ModelError: the model has no vocals.
    """
    if "vocals" not in separator.stems:
        raise ModelError(f"model {separator.model.name!r} has no vocals to take out")

    def estimate(window: Float32Array) -> Float32Array:
        return np.asarray(separator.separate(window, sample_rate)["vocals"], np.float32)

    return estimate
