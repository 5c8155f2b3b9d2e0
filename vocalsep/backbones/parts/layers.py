"""Convolution, norm and activation by name and dimension."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from vocalsep.errors import RecipeError
from vocalsep.registry import Registry


class ByDimension(UserDict[int, type[nn.Module]]):
    """A layer's class for 1, 2 and 3 dimensions.

    Raises:
        RecipeError: any other number is asked for.
    """

    def __missing__(self, ndim: int) -> type[nn.Module]:
        raise RecipeError(f"ndim is {ndim!r}: expected one of {sorted(self)}")


CONV = ByDimension({1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d})
TRANSPOSED_CONV = ByDimension(
    {
        1: nn.ConvTranspose1d,
        2: nn.ConvTranspose2d,
        3: nn.ConvTranspose3d,
    }
)
BATCH_NORM = ByDimension({1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d})
INSTANCE_NORM = ByDimension(
    {
        1: nn.InstanceNorm1d,
        2: nn.InstanceNorm2d,
        3: nn.InstanceNorm3d,
    }
)
MAX_POOL = ByDimension({1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d})
DROPOUT = ByDimension({1: nn.Dropout1d, 2: nn.Dropout2d, 3: nn.Dropout3d})
GROUP_CHANNELS = 8  # channels per group of the group norm

NORMS: Registry[Callable[[int, int], nn.Module]] = Registry("norm")
ACTIVATIONS: Registry[Callable[[], nn.Module]] = Registry("activation")


@NORMS.register("batch")
def _batch(ndim: int, channels: int) -> nn.Module:
    return BATCH_NORM[ndim](channels)


@NORMS.register("group")
def _group(ndim: int, channels: int) -> nn.Module:
    """8 channels a group, or the next larger group that divides them."""
    most = max(1, channels // GROUP_CHANNELS)
    groups = next(n for n in range(most, 0, -1) if channels % n == 0)
    return nn.GroupNorm(groups, channels)


@NORMS.register("instance")
def _instance(ndim: int, channels: int) -> nn.Module:
    return INSTANCE_NORM[ndim](channels, affine=True)


@NORMS.register("none")
def _no_norm(ndim: int, channels: int) -> nn.Module:
    return nn.Identity()


def norm(name: str, ndim: int, channels: int) -> nn.Module:
    """A normalisation by name: "batch", "group" (8 channels a group), "instance" or "none".

    Batch statistics of small batches cost quality; the others depend on one example alone, so
    they do not care how a batch is split over processes.

    Raises:
        RecipeError: unknown name.
    """
    return NORMS.get(name)(ndim, channels)


ACTIVATIONS.register("relu")(nn.ReLU)
ACTIVATIONS.register("leaky_relu")(lambda: nn.LeakyReLU(0.2))
ACTIVATIONS.register("leaky_relu_0.01")(lambda: nn.LeakyReLU(0.01))
ACTIVATIONS.register("relu6")(nn.ReLU6)
ACTIVATIONS.register("elu")(nn.ELU)
ACTIVATIONS.register("gelu")(nn.GELU)
ACTIVATIONS.register("prelu")(nn.PReLU)
ACTIVATIONS.register("hard_swish")(nn.Hardswish)
ACTIVATIONS.register("none")(nn.Identity)


def activation(name: str) -> nn.Module:
    """An activation by name, see `ACTIVATIONS`.

    Raises:
        RecipeError: unknown name.
    """
    return ACTIVATIONS.get(name)()


@dataclass(frozen=True)
class Style:
    """What the layers of one network have in common.

    Attributes:
        ndim: 1, 2 or 3.
        norm: name in `NORMS`.
        act: name in `ACTIVATIONS`.
        bias: whether convolutions that are followed by a norm have one.
    """

    ndim: int = 2
    norm: str = "batch"
    act: str = "relu"
    bias: bool = False


@dataclass(frozen=True)
class Kernel:
    """Geometry of a convolution; each is one number for all axes or one an axis.

    Padding is "same": kernel 3, dilation d is padded by d; with stride s size n becomes ceil(n/s)
    for odd kernels. A `valid` convolution has none: only places where the whole kernel fits.
    """

    size: int | tuple[int, ...] = 3
    stride: int | tuple[int, ...] = 1
    dilation: int | tuple[int, ...] = 1
    groups: int = 1
    valid: bool = False

    def padding(self, ndim: int) -> tuple[int, ...]:
        """Padding at each end of every axis."""
        if self.valid:
            return (0,) * ndim
        pairs = zip(each_axis(self.size, ndim), each_axis(self.dilation, ndim), strict=True)
        return tuple(dilation * (size - 1) // 2 for size, dilation in pairs)


def each_axis(value: int | tuple[int, ...], ndim: int) -> tuple[int, ...]:
    """One value an axis.

    >>> each_axis(3, 2), each_axis((2, 1), 2)
    ((3, 3), (2, 1))
    """
    return (value,) * ndim if isinstance(value, int) else value


def conv(
    ndim: int, channels: tuple[int, int], kernel: Kernel | int = 3, bias: bool = True
) -> nn.Module:
    """A convolution, (B, D_in, *size) -> (B, D_out, *ceil(size / stride)) unless `valid`.

    Raises:
        RecipeError: no channels, a kernel, stride or dilation below 1.
    """
    layer = CONV[ndim]
    k = Kernel(kernel) if isinstance(kernel, int) else kernel
    d_in, d_out = channels
    if min(d_in, d_out) < 1:
        raise RecipeError(f"a convolution from {d_in} to {d_out} channels: choose a larger width")
    for key, value in (("kernel", k.size), ("stride", k.stride), ("dilation", k.dilation)):
        if min(each_axis(value, ndim)) < 1:
            raise RecipeError(f"a convolution of {key} {value}: expected 1 or more")
    return layer(
        *channels,
        k.size,
        stride=k.stride,
        padding=k.padding(ndim),
        dilation=k.dilation,
        groups=k.groups,
        bias=bias,
    )


class ConvNormAct(nn.Sequential):
    """Convolution, norm, activation: (B, D_in, *size) -> (B, D_out, *ceil(size / stride))."""

    def __init__(self, style: Style, channels: tuple[int, int], kernel: Kernel | int = 3) -> None:
        super().__init__(
            conv(style.ndim, channels, kernel, bias=style.bias or style.norm == "none"),
            norm(style.norm, style.ndim, channels[1]),
            activation(style.act),
        )
