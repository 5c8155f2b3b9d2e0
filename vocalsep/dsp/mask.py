"""Masks on spectra."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def apply_mask(mask: Tensor, spectrum: Tensor) -> Tensor:
    """Multiply a mixture spectrum by real masks; bins above the masks' band become zero.

    What the network does not see is never given to a target, so it stays in the residual.

    Args:
        mask: (B, S, C, F', T) real, F' ≤ F.
        spectrum: (B, C, F, T) complex mixture.

    Returns:
        (B, S, C, F, T) complex estimates.
    """
    missing_bins = spectrum.shape[-2] - mask.shape[-2]
    mask = functional.pad(mask, (0, 0, 0, missing_bins))  # (B, S, C, F, T)
    return mask * spectrum.unsqueeze(1)


def ideal_ratio_mask(target: Tensor, residual: Tensor, power: float = 1.0) -> Tensor:
    """The oracle soft mask |target|^p / (|target|^p + |residual|^p), in [0, 1].

    The usual upper bound for soft-mask separation (IRM1 for p = 1 and IRM2 for p = 2 of the
    SiSEC campaigns; Liutkus & Badeau, "Generalized Wiener filtering with fractional power
    spectrograms", ICASSP 2015).

    Args:
        target: (..., F, T) complex or real spectrum of the wanted source.
        residual: the same shape, everything else.
    """
    wanted = target.abs() ** power
    other = residual.abs() ** power
    return wanted / (wanted + other + 1e-12)
