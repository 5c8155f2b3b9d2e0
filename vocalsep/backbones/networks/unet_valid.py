"""The original U-Net: convolutions without padding, so borders are true context."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from torch import Tensor

from vocalsep.backbones.base import BACKBONES, About, Reference
from vocalsep.backbones.compose import EncoderDecoder, pooled_stack
from vocalsep.backbones.parts.blocks import Double
from vocalsep.backbones.parts.borders import mirror_pad
from vocalsep.backbones.parts.decoders import TopDown
from vocalsep.backbones.parts.layers import Kernel, Style, conv
from vocalsep.backbones.parts.merge import CroppedConcat
from vocalsep.backbones.parts.up import Transposed


@BACKBONES.register("unet_valid")
class ValidUNet(EncoderDecoder):
    """As in the paper: valid convolutions with bias, no norm, skips cropped to the decoder's size.

    Source: Ronneberger, Fischer & Brox, "U-Net", MICCAI 2015. A tile of 572 gives 388: 92 values at
    each end are context. As a backbone the input is extended by reflection, as the paper does at
    the borders of an image, and the output cut to the input's size. The paper's dropout at the end
    of the encoder is left out.

    Args:
        in_channels: D of the input.
        out_channels: D of the output.
        widths: D of every level, from the finest to the coarsest.
        ndim: 1, 2 or 3.
    """

    about = About(
        family="U-Net",
        paper="Ronneberger et al., MICCAI 2015",
        ndims=(1, 2, 3),
        references=(Reference(1, 2, 31_030_658, "paper"), Reference(3, 2, 31_031_810, "paper")),
        thin={"widths": [8, 12]},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        widths: Sequence[int] = (64, 128, 256, 512, 1024),
        ndim: int = 2,
    ) -> None:
        style = Style(ndim, "none", bias=True)
        block = partial(Double, style, kernel=Kernel(valid=True))
        steps = list(pairwise(widths))[::-1]
        decoder = TopDown(
            [Transposed(ndim, (coarse, fine)) for fine, coarse in steps],
            [CroppedConcat() for _ in steps],
            [block((2 * fine, fine)) for fine, _ in steps],
            crop_skips=True,
        )
        super().__init__(
            pooled_stack(ndim, in_channels, widths, block),
            decoder,
            conv(ndim, (widths[0], out_channels), 1),
            ndim=ndim,
        )
        self.n_downs = len(widths) - 1

    def _padded(self, features: Tensor) -> Tensor:
        sizes = [valid_sizes(n, self.n_downs) for n in features.shape[2:]]
        before = [(n_in - n_out) // 2 for n_in, n_out in sizes]
        pairs = zip(sizes, before, features.shape[2:], strict=True)
        after = [n_in - left - n for (n_in, _), left, n in pairs]
        return mirror_pad(features, before, after)

    def _fit(self, logits: Tensor, features: Tensor) -> Tensor:
        crop: tuple[slice, ...] = tuple(slice(n) for n in (*logits.shape[:2], *features.shape[2:]))
        return logits[crop]


def valid_sizes(n: int, n_downs: int) -> tuple[int, int]:
    """The smallest (input, output) of the unpadded network whose output is `n` or more.

    Every block takes 4; with b after the coarsest block the output is 2ᵏ·b − 4·(2ᵏ − 1) and the
    input 2ᵏ·(b + 4) + 4·(2ᵏ − 1), k = `n_downs`.

    >>> valid_sizes(388, 4), valid_sizes(1, 4)
    ((572, 388), (188, 4))
    """
    scale = 2**n_downs
    lost = 4 * (scale - 1)
    bottom = -(-(n + lost) // scale)
    return scale * (bottom + 4) + lost, scale * bottom - lost
