"""Raise the size of features between two levels of a decoder.

Every upsampler is built from (ndim, (D_in, D_out)) and called with (features, size): whatever the
factor, it returns exactly `size`. Recipes choose one by its name in `UPSAMPLERS`: those here work
in 1, 2 and 3 dimensions, those of `up_learned` in 2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn
from torch.nn import functional

from vocalsep.backbones.parts.layers import (
    TRANSPOSED_CONV,
    ConvNormAct,
    Style,
    activation,
    conv,
    norm,
)
from vocalsep.backbones.parts.resize import resize
from vocalsep.registry import Registry

UPSAMPLERS: Registry[Callable[..., nn.Module]] = Registry("upsampler")


def upsampler(name: str, ndim: int, channels: tuple[int, int]) -> nn.Module:
    """An upsampler by name, see `UPSAMPLERS`.

    Raises:
        RecipeError: unknown name.
    """
    return UPSAMPLERS.get(name)(ndim, channels)


def keep_or_project(ndim: int, channels: tuple[int, int]) -> nn.Module:
    """A 1×1 convolution where the number of channels changes, else nothing."""
    return nn.Identity() if channels[0] == channels[1] else conv(ndim, channels, 1)


@UPSAMPLERS.register("nearest")
class Nearest(nn.Module):
    """Repeat values; before it a 1×1 convolution where D changes."""

    def __init__(self, ndim: int, channels: tuple[int, int]) -> None:
        super().__init__()
        self.project = keep_or_project(ndim, channels)

    def forward(self, features: Tensor, size: Sequence[int]) -> Tensor:
        return functional.interpolate(self.project(features), list(size), mode="nearest")


@UPSAMPLERS.register("bilinear")
class Bilinear(nn.Module):
    """Linear interpolation along every axis; before it a 1×1 convolution where D changes."""

    def __init__(self, ndim: int, channels: tuple[int, int], align_corners: bool = False) -> None:
        super().__init__()
        self.project = keep_or_project(ndim, channels)
        self.align_corners = align_corners

    def forward(self, features: Tensor, size: Sequence[int]) -> Tensor:
        return resize(self.project(features), size, align_corners=self.align_corners)


@UPSAMPLERS.register("transposed")
class Transposed(nn.Module):
    """Transposed convolution of kernel and stride 2 (or `factor`), brought to `size`."""

    def __init__(
        self,
        ndim: int,
        channels: tuple[int, int],
        factor: int | tuple[int, ...] = 2,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.conv = TRANSPOSED_CONV[ndim](*channels, factor, stride=factor, bias=bias)

    def forward(self, features: Tensor, size: Sequence[int]) -> Tensor:
        return resize(self.conv(features), size)


class TransposedNormAct(nn.Module):
    """Transposed convolution of kernel and stride 2, norm, activation."""

    def __init__(self, style: Style, channels: tuple[int, int]) -> None:
        super().__init__()
        self.up = Transposed(style.ndim, channels)
        self.finish = nn.Sequential(
            norm(style.norm, style.ndim, channels[1]), activation(style.act)
        )

    def forward(self, features: Tensor, size: Sequence[int]) -> Tensor:
        out: Tensor = self.finish(self.up(features, size))
        return out


@UPSAMPLERS.register("nearest_conv")
class NearestConv(nn.Module):
    """Repeat values, then 3×3 convolution (with bias), batch norm and ReLU."""

    def __init__(self, ndim: int, channels: tuple[int, int]) -> None:
        super().__init__()
        self.conv = ConvNormAct(Style(ndim, bias=True), channels)

    def forward(self, features: Tensor, size: Sequence[int]) -> Tensor:
        out: Tensor = self.conv(functional.interpolate(features, list(size), mode="nearest"))
        return out


def doubling_conv(ndim: int, channels: tuple[int, int], kernel: int) -> nn.Module:
    """A transposed convolution that doubles every axis exactly, for any kernel ≥ 2.

    PyTorch's length is 2·(n − 1) − 2·padding + kernel + output_padding; the padding below makes
    it 2·n.
    """
    padding = (kernel - 1) // 2
    return TRANSPOSED_CONV[ndim](
        *channels, kernel, stride=2, padding=padding, output_padding=2 * padding + 2 - kernel
    )
