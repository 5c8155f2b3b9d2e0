"""Losses of spectrogram separators."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

from vocalsep.registry import Registry

# (masks (B, 1, C, F', T), mixture (B, C, F', T), sources (B, 2, C, F', T) complex,
#  valid (B, 1, F', 1) bool) -> scalar
Loss: TypeAlias = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
LOSSES: Registry[Callable[..., Loss]] = Registry("loss")


@LOSSES.register("magnitude_l1")
class MagnitudeL1:
    """Mean absolute difference of masked and true magnitudes, of the target and of the rest.

    ‖M·|X| − |V|‖₁ + w·‖(1 − M)·|X| − |A|‖₁ (Jansson et al., ISMIR 2017, who train one network
    for each). Bins above a source's band do not count. Everything is relative to the mean
    magnitude of the batch, so the value is comparable between recipes.

    Args:
        residual_weight: w.
    """

    def __init__(self, residual_weight: float = 1.0) -> None:
        self.residual_weight = residual_weight

    def __call__(self, masks: Tensor, mixture: Tensor, sources: Tensor, valid: Tensor) -> Tensor:
        magnitude = mixture.abs()
        target, residual = sources.abs().unbind(1)  # (B, C, F', T) each
        mask = masks[:, 0]
        error = (mask * magnitude - target).abs()
        error = error + self.residual_weight * ((1 - mask) * magnitude - residual).abs()
        return (error * valid).sum() / (magnitude * valid).sum().clamp_min(1e-6)


@LOSSES.register("complex_l1")
class ComplexL1:
    """Mean modulus of the complex error M·X − V: what is heard, phase included.

    The rest's error is the same number with the other sign, so one term serves both stems.
    """

    def __call__(self, masks: Tensor, mixture: Tensor, sources: Tensor, valid: Tensor) -> Tensor:
        error = masks[:, 0] * mixture - sources[:, 0]
        # The modulus has no gradient at zero; epsilon is far below any audible bin.
        modulus = torch.sqrt(error.real**2 + error.imag**2 + 1e-10)
        return (modulus * valid).sum() / (mixture.abs() * valid).sum().clamp_min(1e-6)
