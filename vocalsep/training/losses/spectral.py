"""Losses on spectra of the recipe's own front end."""

from __future__ import annotations

import torch
from torch import Tensor

from vocalsep.dsp.signals import Signals
from vocalsep.training.losses.base import LOSSES, StemWeighted, sum_valid


@LOSSES.register("magnitude_l1")
class MagnitudeL1(StemWeighted):
    """Mean absolute difference of magnitudes: Σ_s w_s·‖|Ŝ_s| − |S_s|‖₁ / ‖|X|‖₁.

    Of a mask M that is ‖M·|X| − |V|‖₁ + w·‖(1 − M)·|X| − |A|‖₁ (Jansson et al., ISMIR 2017, who
    train one network for each). It is relative to the mean magnitude of the mixture X, so the
    value is comparable between recipes.
    """

    def total(self, estimate: Signals, truth: Signals, valid: Tensor | None) -> Tensor:
        error = (estimate.magnitudes - truth.magnitudes).abs()  # (B, S, C, F', T)
        return sum_valid(error * self.weights_of(error), valid)

    def weight(self, truth: Signals, valid: Tensor | None) -> Tensor:
        return sum_valid(mixture_magnitudes(truth), valid)


@LOSSES.register("magnitude_l2")
class MagnitudeL2(StemWeighted):
    """Squared difference of magnitudes: Σ_s w_s·‖|Ŝ_s| − |S_s|‖₂² / ‖|X|‖₂²."""

    def total(self, estimate: Signals, truth: Signals, valid: Tensor | None) -> Tensor:
        error = (estimate.magnitudes - truth.magnitudes).square()  # (B, S, C, F', T)
        return sum_valid(error * self.weights_of(error), valid)

    def weight(self, truth: Signals, valid: Tensor | None) -> Tensor:
        return sum_valid(mixture_magnitudes(truth).square(), valid)


@LOSSES.register("complex_l1")
class ComplexL1(StemWeighted):
    """Modulus of the complex error Ŝ − S: what is heard, phase included; relative to ‖|X|‖₁.

    A residual that is what the targets leave has the same error with the other sign, so by
    default it does not count again.
    """

    def __init__(self, residual_weight: float = 0.0, stem_weights: tuple[float, ...] = ()) -> None:
        super().__init__(residual_weight, stem_weights)

    def total(self, estimate: Signals, truth: Signals, valid: Tensor | None) -> Tensor:
        error = estimate.spectra - truth.spectra  # (B, S, C, F', T)
        # The modulus has no gradient at zero; epsilon is far below any audible bin.
        modulus = torch.sqrt(error.real**2 + error.imag**2 + 1e-10)
        return sum_valid(modulus * self.weights_of(modulus), valid)

    def weight(self, truth: Signals, valid: Tensor | None) -> Tensor:
        return sum_valid(mixture_magnitudes(truth), valid)


@LOSSES.register("log_mse")
class LogMSE(StemWeighted):
    """Mean squared difference of log(1 + g·|S|), summed over the stems.

    With g = 1 the supervised loss of Stoller, Ewert, Dixon (ICASSP 2018).

    Args:
        gain: g; the larger, the more quiet bins count.
        residual_weight: of the last stem, where `stem_weights` is empty.
        stem_weights: of every stem, the residual last.
    """

    def __init__(
        self,
        gain: float = 1.0,
        residual_weight: float = 1.0,
        stem_weights: tuple[float, ...] = (),
    ) -> None:
        super().__init__(residual_weight, stem_weights)
        if gain <= 0:
            raise ValueError(f"gain={gain}: expected more than 0")
        self.gain = gain

    def total(self, estimate: Signals, truth: Signals, valid: Tensor | None) -> Tensor:
        heard, meant = (torch.log1p(self.gain * each.magnitudes) for each in (estimate, truth))
        error = (heard - meant).square()  # (B, S, C, F', T)
        return sum_valid(error * self.weights_of(error), valid)

    def weight(self, truth: Signals, valid: Tensor | None) -> Tensor:
        return sum_valid(torch.ones_like(truth.magnitudes[:, :1]), valid)


def mixture_magnitudes(truth: Signals) -> Tensor:
    """Magnitudes of the sum of all stems, (B, 1, C, F', T)."""
    return truth.spectra.sum(1, keepdim=True).abs()
