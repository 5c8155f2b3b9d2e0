"""The U-Net of nnU-Net: plain, in the shape that `backbones/plan.py` computes from the data."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from torch import nn

from vocalsep.backbones.base import BACKBONES, About, Reference
from vocalsep.backbones.compose import Auxiliary, EncoderDecoder, Stack, check_widths
from vocalsep.backbones.parts.blocks import Double
from vocalsep.backbones.parts.decoders import TopDown
from vocalsep.backbones.parts.layers import Kernel, Style, conv
from vocalsep.backbones.parts.merge import Concat, Joined
from vocalsep.backbones.parts.up import Transposed
from vocalsep.recipe.part import check

SOURCE = "MIC-DKFZ/dynamic-network-architectures"


@BACKBONES.register("nn_unet")
class NNUNet(EncoderDecoder):
    """Two convolutions a stage, strides for down, transposed convolutions for up.

    Source: Isensee et al., "nnU-Net", Nature Methods 18, 2021: instance norm, LeakyReLU(0.01),
    heads on every decoder level but with weights 1, 1/2, 1/4, … in the loss. There the coarsest
    head has weight 0, and truth is shrunk to each head; here it keeps its 1/2ⁱ and logits are
    brought to the size of the truth.

    Args:
        in_channels: D of the input.
        out_channels: D of the output.
        widths: D of every stage, from the finest to the coarsest.
        strides: by how much each stage divides the size, one number or one an axis; 1 for the
            first stage and 2 for the others by default.
        kernels: size of the convolutions of each stage; 3 by default.
        deep_supervision: heads on all decoder levels, for training.
        norm: name of a norm.
        ndim: 1, 2 or 3.
    """

    about = About(
        family="volumes",
        paper="Isensee et al., Nature Methods 2021",
        ndims=(1, 2, 3),
        references=(
            Reference(1, 2, 46_324_558, SOURCE + ", 2-D of 8 stages"),
            Reference(
                1,
                2,
                31_195_594,
                SOURCE + ", 3-D of 6 stages",
                {"widths": [32, 64, 128, 256, 320, 320], "ndim": 3},
            ),
        ),
        thin={"widths": [4, 6, 8]},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        widths: Sequence[int] = (32, 64, 128, 256, 512, 512, 512, 512),
        strides: Sequence[int | Sequence[int]] | None = None,
        kernels: Sequence[int | Sequence[int]] | None = None,
        deep_supervision: bool = True,
        norm: str = "instance",
        ndim: int = 2,
    ) -> None:
        check_widths(widths)
        check("ndim", ndim, ndim in self.about.ndims, "1, 2 or 3")
        steps = axes_of("strides", strides or [1, *[2] * (len(widths) - 1)], len(widths), ndim)
        sizes = axes_of("kernels", kernels or [3] * len(widths), len(widths), ndim)
        style = Style(ndim, norm, "leaky_relu_0.01", bias=True)
        blocks: list[nn.Module] = []
        d_in = in_channels
        for width, step, size in zip(widths, steps, sizes, strict=True):
            blocks.append(Double(style, (d_in, width), kernel=Kernel(size, step)))
            d_in = width
        factors = [max(step) for step in steps[1:]]
        encoder = Stack(blocks, [nn.Identity() for _ in factors], widths, factors)
        levels = range(len(widths) - 1)[::-1]
        decoder = TopDown(
            [Transposed(ndim, (widths[n + 1], widths[n]), steps[n + 1]) for n in levels],
            [Concat() for _ in levels],
            [
                Double(style, (Joined(widths[n], widths[n]), widths[n]), kernel=Kernel(sizes[n]))
                for n in levels
            ],
        )
        heads = [conv(ndim, (width, out_channels), 1) for width in widths[:-1]]
        auxiliary = [
            Auxiliary("decoder", n, 0.5**n, heads[n])
            for n in range(1, len(heads))
            if deep_supervision
        ]
        super().__init__(encoder, decoder, heads[0], auxiliary, ndim)
        self.stride = tuple(prod(step[axis] for step in steps) for axis in range(ndim))
        # One value has no variance: instance norm needs two at the coarsest stage.
        self.least = 2 * max(self.stride) if norm == "instance" else 1


def axes_of(
    key: str, values: Sequence[int | Sequence[int]], n_stages: int, ndim: int
) -> list[tuple[int, ...]]:
    """One number an axis for every stage.

    Raises:
        RecipeError: not one entry a stage, not one number an axis, or a number below 1.

    >>> axes_of("strides", [1, [1, 2]], 2, 2)
    [(1, 1), (1, 2)]
    """
    each = [(v,) * ndim if isinstance(v, int) else tuple(v) for v in values]
    fits = len(each) == n_stages and all(len(v) == ndim and min(v) >= 1 for v in each)
    check(key, values, fits, f"{n_stages} entries, each a number or {ndim} numbers, 1 or more")
    return each
