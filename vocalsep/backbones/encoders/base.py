"""The registry of encoders, and how their widths are scaled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from vocalsep.backbones.compose import Encoder
from vocalsep.backbones.parts.layers import ConvNormAct, Kernel, Style
from vocalsep.registry import Registry

ENCODERS: Registry[Callable[..., Encoder]] = Registry("encoder")
PAPERS: dict[str, str] = {}  # of each encoder: who invented it

EncoderT = TypeVar("EncoderT", bound=Callable[..., Encoder])


def encoder(name: str, paper: str) -> Callable[[EncoderT], EncoderT]:
    """Decorator that files an encoder under `name`, with who invented it."""

    def file(part: EncoderT) -> EncoderT:
        PAPERS[name] = paper
        ENCODERS.register(name)(part)
        return part

    return file


def scaled(channels: int, width: float, multiple: int = 4) -> int:
    """A published number of channels times `width`, to the next `multiple` and never below it.

    >>> scaled(64, 1), scaled(64, 0.01), scaled(728, 0.5)
    (64, 4, 364)
    """
    return max(multiple, int(channels * width + multiple / 2) // multiple * multiple)


def conv_norm(
    channels: tuple[int, int], kernel: Kernel | int = 3, act: str = "relu"
) -> ConvNormAct:
    """Convolution without bias, batch norm and activation: the layer of nearly every encoder."""
    return ConvNormAct(Style(act=act), channels, kernel)


def stage_strides(stem: int, n_stages: int, output_stride: int) -> list[tuple[int, int, int]]:
    """(stride, dilation, total stride) of stages that would halve the size one after another.

    From where `output_stride` is reached, a stage dilates its kernels instead (Chen et al. 2017).

    >>> stage_strides(4, 4, 8)
    [(1, 1, 4), (2, 1, 8), (1, 2, 8), (1, 4, 8)]
    """
    stages: list[tuple[int, int, int]] = []
    total = stem
    for index in range(n_stages):
        wanted = stem * 2**index
        stride = 2 if wanted > total and 2 * total <= output_stride else 1
        total *= stride
        stages.append((stride, wanted // total, total))
    return stages


def build_encoder(
    name: str, in_channels: int, defaults: Mapping[str, Any], params: Mapping[str, Any] | None
) -> Encoder:
    """An encoder as a network wants it (`defaults`), as changed by a recipe (`params`).

    Raises:
        RecipeError: unknown encoder, or a parameter that it does not have.
    """
    encoder: Encoder = ENCODERS.build(name, {**defaults, **(params or {})}, in_channels)
    return encoder
