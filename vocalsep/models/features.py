"""What networks hear of a spectrum.

All features are relative to the level of the chunk, so that masks do not depend on how loud a
song is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from vocalsep.dsp.compress import compress_magnitude, mean_level
from vocalsep.registry import Registry


class Features(ABC):
    """A kind of features.

    Attributes:
        n_values: D for each audio channel.
        stereo: whether they compare two channels, so that the model must have two.
    """

    n_values: ClassVar[int] = 1
    stereo: ClassVar[bool] = False

    @abstractmethod
    def __call__(self, spectrum: Tensor) -> Tensor:
        """(B, C, F', T) complex64 -> (B, n_values·C, F', T) float32."""


FEATURES: Registry[type[Features]] = Registry("features")


@FEATURES.register("log_magnitude")
class LogMagnitude(Features):
    """log1p of 16 times the magnitude over its mean in the chunk."""

    def __call__(self, spectrum: Tensor) -> Tensor:
        return compress_magnitude(spectrum.abs())


@FEATURES.register("log_magnitude_mid_side")
class LogMagnitudeMidSide(Features):
    """`log_magnitude` of the left, right, mid and side spectrum, at the level of left and right.

    Mid (L + R) / 2 and side (L − R) / 2 tell what the magnitudes of the sides alone do not: whether
    a bin sounds in phase on both, as a singer in the middle does and a wide guitar does not.
    """

    n_values = 2
    stereo = True

    def __call__(self, spectrum: Tensor) -> Tensor:
        left, right = spectrum.unbind(1)
        magnitude = spectrum.abs()
        mid_side = torch.stack([(left + right).abs(), (left - right).abs()], dim=1) / 2
        both = torch.cat([magnitude, mid_side], dim=1)
        return compress_magnitude(both, mean_level(magnitude))


@FEATURES.register("magnitude")
class Magnitude(Features):
    """Magnitudes in 0…1: over the largest of the chunk (Jansson et al.: of the song)."""

    def __call__(self, spectrum: Tensor) -> Tensor:
        magnitude = spectrum.abs()
        return magnitude / magnitude.amax(dim=(1, 2, 3), keepdim=True).clamp_min(1e-6)


@FEATURES.register("complex")
class RealAndImaginary(Features):
    """The real, then the imaginary parts as channels, over the mean magnitude (TFC-TDF)."""

    n_values = 2

    def __call__(self, spectrum: Tensor) -> Tensor:
        parts = torch.cat([spectrum.real, spectrum.imag], dim=1)
        return parts / mean_level(spectrum.abs())
