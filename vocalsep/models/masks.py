"""Kinds of masks: from the network's raw values to what multiplies the mixture's spectrum."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor

from vocalsep.dsp.compress import expand_magnitude, mean_level
from vocalsep.registry import Registry

EPSILON = 1e-10  # of the ratio, as in deezer/spleeter


class MaskKind(ABC):
    """A kind of mask.

    Attributes:
        n_values: raw values of the network per bin of a mask.
        shares: whether sources share each bin among them, so that each stem must be a target.
        stereo: whether the channels hear each other, so that the model must have two.
    """

    n_values: ClassVar[int] = 1
    shares: ClassVar[bool] = False
    stereo: ClassVar[bool] = False

    @abstractmethod
    def trained(self, values: Tensor, mixture: Tensor) -> Tensor:
        """Masks as losses see them.

        Args:
            values: (B, S, n_values, C, F', T) float32 of the network.
            mixture: (B, C, F', T) complex64.

        Returns:
            (B, S, C', F', T) float32 or complex64, for `apply`; C' is C but for stereo kinds.
        """

    def apply(self, masks: Tensor, mixture: Tensor) -> Tensor:
        """Estimates by masks (B, S, C', F', T) of a mixture (B, C, F', T): (B, S, C, F', T)."""
        return masks * mixture.unsqueeze(1)

    def separating(self, values: Tensor, mixture: Tensor) -> Tensor:
        """Masks as they separate; the same, unless the kind says otherwise."""
        return self.trained(values, mixture)


MASKS: Registry[Callable[..., MaskKind]] = Registry("mask")


@MASKS.register("sigmoid")
class SigmoidMask(MaskKind):
    """Each target on its own, in 0…1 (Jansson et al., ISMIR 2017)."""

    def trained(self, values: Tensor, mixture: Tensor) -> Tensor:
        return torch.sigmoid(values.squeeze(2))


@MASKS.register("mid_side")
class MidSideMask(MaskKind):
    """A real 2×2 matrix a bin and target: shares of mid and side, and some of each in the other.

    Of mid (L + R) / 2 and side (L − R) / 2; own gains are in 0…1 (sigmoid), cross gains in
    −1/2…1/2 (tanh). A voice in the middle of a wide mixture is masked in mid alone, where music
    that differs between the sides is weaker already; cross gains l/2 − r/2 with own gains
    l/2 + r/2 are masks l and r of left and right, for voices that lie on one side.
    It is the real part of what a multichannel Wiener filter is (Duong, Vincent, Gribonval,
    "Under-determined reverberant audio source separation", IEEE TASLP 2010).

    Masks are (B, S, 4, F', T), what that is in terms of left and right: gains of left and right
    into themselves, then of right into left and of left into right.
    """

    n_values = 2
    stereo = True

    def trained(self, values: Tensor, mixture: Tensor) -> Tensor:
        own, cross = values.unbind(2)
        mid, side = torch.sigmoid(own).unbind(2)
        into_mid, into_side = (torch.tanh(cross) / 2).unbind(2)
        both, difference = mid + side, mid - side
        added, exchanged = into_mid + into_side, into_side - into_mid
        gains = [both + added, both - added, difference + exchanged, difference - exchanged]
        return torch.stack(gains, dim=2) / 2

    def apply(self, masks: Tensor, mixture: Tensor) -> Tensor:
        own, cross = masks.chunk(2, dim=2)
        return own * mixture.unsqueeze(1) + cross * mixture.flip(1).unsqueeze(1)


@MASKS.register("softmax")
class SoftmaxMask(MaskKind):
    """All sources together: masks in 0…1 that sum to 1 in every bin."""

    shares = True

    def trained(self, values: Tensor, mixture: Tensor) -> Tensor:
        return torch.softmax(values.squeeze(2), dim=1)


class _SharedWhenSeparating(MaskKind):
    """Sources are trained one by one; their estimates share the mixture when it is separated.

    Mask of source s: (eₛᵖ + ε/S) / (Σ eᵖ + ε), the sum over all S sources, so masks sum to 1
    exactly and are equal where every estimate is zero.

    Args:
        power: p; 1 shares magnitudes, 2 energies (Wiener, the default of deezer/spleeter).
    """

    shares = True

    def __init__(self, power: float = 2.0) -> None:
        if not 0 < power <= 4:
            raise ValueError(f"power is {power!r}: expected more than 0, at most 4")
        self.power = power

    def separating(self, values: Tensor, mixture: Tensor) -> Tensor:
        strength = self.trained(values, mixture) ** self.power
        total = strength.sum(1, keepdim=True)
        return (strength + EPSILON / strength.shape[1]) / (total + EPSILON)


@MASKS.register("ratio")
class RatioMask(_SharedWhenSeparating):
    """Sigmoid masks that are trained one by one, and share the mixture when it is separated."""

    def trained(self, values: Tensor, mixture: Tensor) -> Tensor:
        return torch.sigmoid(values.squeeze(2))


@MASKS.register("magnitude")
class MagnitudeMask(_SharedWhenSeparating):
    """Magnitudes are estimated, not masks; as masks they are relative to the mixture's.

    The network gives what the features "log_magnitude" would be of each source, by a ReLU
    (Stoller et al., ICASSP 2018). Losses see the estimated magnitude with the mixture's phase;
    where the mixture is exactly silent they see silence. Train it with a loss on log magnitudes
    as they did: absolute differences push sparse sources to zero, where a ReLU stays.
    """

    def trained(self, values: Tensor, mixture: Tensor) -> Tensor:
        magnitude = mixture.abs()
        estimates = expand_magnitude(values.squeeze(2), magnitude)
        return estimates / magnitude.unsqueeze(1).clamp_min(EPSILON)


@MASKS.register("complex")
class ComplexMask(MaskKind):
    """Real and imaginary part without bounds: phase and level of every bin may change.

    Only a loss that hears phase (of complex spectra or waveforms) trains complex masks.
    """

    n_values = 2

    def trained(self, values: Tensor, mixture: Tensor) -> Tensor:
        return torch.complex(*values.unbind(2))


@MASKS.register("bounded_complex")
class BoundedComplexMask(MaskKind):
    """tanh(|m|)·m/|m|: any phase, modulus below 1 (tsurumeso/vocal-remover)."""

    n_values = 2

    def trained(self, values: Tensor, mixture: Tensor) -> Tensor:
        # The root has no gradient at zero; there, tanh(|m|)/|m| is 1 up to rounding.
        modulus = (values.square().sum(2, keepdim=True) + 1e-12).sqrt()
        return torch.complex(*(values * (modulus.tanh() / modulus)).unbind(2))


@MASKS.register("direct")
class DirectMask(MaskKind):
    """The spectrum of each source itself, in units of the mixture's mean magnitude.

    What TFC-TDF networks give (Choi et al., ISMIR 2020; Kim et al., 2021), best with the features
    "complex", which are in the same unit, and a loss that hears phase. As a mask it is relative to
    the mixture's spectrum; where that is silent, the estimate is too.
    """

    n_values = 2

    def trained(self, values: Tensor, mixture: Tensor) -> Tensor:
        magnitude = mixture.abs()
        estimates = torch.complex(*values.unbind(2)) * mean_level(magnitude).unsqueeze(1)
        sounds = magnitude > EPSILON
        divisor = torch.where(sounds, mixture, 1.0)
        return estimates / divisor.unsqueeze(1) * sounds.unsqueeze(1)
