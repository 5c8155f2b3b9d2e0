"""Layers chosen by name and dimension, and the down and up blocks of the U-Nets."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vocalsep.errors import RecipeError
from vocalsep.registry import did_you_mean

CONV: dict[int, type[nn.Module]] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED_CONV: dict[int, type[nn.Module]] = {
    1: nn.ConvTranspose1d,
    2: nn.ConvTranspose2d,
    3: nn.ConvTranspose3d,
}
BATCH_NORM: dict[int, type[nn.Module]] = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
GROUP_CHANNELS = 8  # channels per group of the group norm


def norm(name: str, ndim: int, channels: int) -> nn.Module:
    """A normalisation by name: "batch", "group" (8 channels a group) or "none".

    Batch statistics of small batches cost quality; "group" depends on one example alone, so it
    does not care how a batch is split over processes.

    Raises:
        RecipeError: unknown name.
    """
    if name == "batch":
        return BATCH_NORM[ndim](channels)
    if name == "group":
        return nn.GroupNorm(max(1, channels // GROUP_CHANNELS), channels)
    if name == "none":
        return nn.Identity()
    hint = did_you_mean(name, ["batch", "group", "none"])
    raise RecipeError(f"unknown norm {name!r}: {hint}")


class Down(nn.Sequential):
    """Halve every axis: strided convolution, norm, LeakyReLU(0.2).

    Shape: (B, D_in, *size) -> (B, D_out, *ceil(size / 2)); even sizes give exact halves.
    """

    def __init__(self, ndim: int, channels: tuple[int, int], kernel: int, norm_name: str) -> None:
        conv = CONV[ndim](*channels, kernel, stride=2, padding=(kernel - 1) // 2)
        super().__init__(conv, norm(norm_name, ndim, channels[1]), nn.LeakyReLU(0.2))


class Up(nn.Sequential):
    """Double every axis: transposed convolution, norm, ReLU, dropout.

    Shape: (B, D_in, *size) -> (B, D_out, *(2 · size)).
    """

    def __init__(
        self,
        ndim: int,
        channels: tuple[int, int],
        kernel: int,
        norm_name: str,
        dropout: float = 0.0,
    ) -> None:
        layers = [
            doubling_conv(ndim, channels, kernel),
            norm(norm_name, ndim, channels[1]),
            nn.ReLU(),
        ]
        if dropout > 0:
            layers.append(nn.Dropout(dropout))
        super().__init__(*layers)


def doubling_conv(ndim: int, channels: tuple[int, int], kernel: int) -> nn.Module:
    """A transposed convolution that doubles every axis exactly, for any kernel ≥ 2.

    PyTorch's length is 2·(n − 1) − 2·padding + kernel + output_padding; the padding below makes
    it 2·n.
    """
    padding = (kernel - 1) // 2
    return TRANSPOSED_CONV[ndim](
        *channels, kernel, stride=2, padding=padding, output_padding=2 * padding + 2 - kernel
    )


def concat(*features: Tensor) -> Tensor:
    """Join features of equal size along their channels."""
    return torch.cat(features, dim=1)
