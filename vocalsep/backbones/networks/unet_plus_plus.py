"""U-Net++: every depth of U-Net in one network, with nested skips between them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from torch import Tensor, nn

from vocalsep.backbones.base import BACKBONES, About, Backbone, Reference
from vocalsep.backbones.compose import check_widths, pooled_stack
from vocalsep.backbones.parts.blocks import Double
from vocalsep.backbones.parts.layers import Style, conv
from vocalsep.backbones.parts.merge import concat
from vocalsep.backbones.parts.resize import resize
from vocalsep.recipe.part import check


@BACKBONES.register("unet_plus_plus")
class UNetPlusPlus(Backbone):
    """Node (i, j) joins all earlier nodes of level i with the upsampled node (i + 1, j − 1).

    Node (0, j) alone, with what it needs, is a nested U-Net of depth j. With deep supervision each
    of them has a head and is supervised, so that at inference the network can be pruned to depth
    j: deeper levels are then not even computed.

    Source: Zhou et al., "UNet++", DLMIA 2018. Widths and counts are those of
    4uiiurz1/pytorch-nested-unet; ours interpolates with pixel centres aligned, there corners are.

    Args:
        in_channels: D of the input.
        out_channels: D of the output.
        widths: D of every level, from the finest to the coarsest.
        deep_supervision: a head on each node (0, j) instead of the last alone.
        depth: the output is that of node (0, depth); None for the deepest. Needs deep supervision
            where it is not the deepest.
        ndim: 1, 2 or 3.
    """

    about = About(
        family="U-Net",
        paper="Zhou et al., DLMIA 2018",
        ndims=(1, 2, 3),
        references=(
            Reference(3, 1, 9_163_329, "4uiiurz1/pytorch-nested-unet"),
            Reference(
                3, 1, 9_163_428, "4uiiurz1/pytorch-nested-unet, deep", {"deep_supervision": True}
            ),
        ),
        thin={"widths": [4, 6, 8], "deep_supervision": True},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        widths: Sequence[int] = (32, 64, 128, 256, 512),
        deep_supervision: bool = False,
        depth: int | None = None,
        ndim: int = 2,
    ) -> None:
        super().__init__()
        check_widths(widths)
        deepest = len(widths) - 1
        self.depth = deepest if depth is None else depth
        fits = 1 <= self.depth <= deepest and (deep_supervision or self.depth == deepest)
        check("depth", depth, fits, f"1 to {deepest}, below that only with deep_supervision")
        self.ndim = ndim
        self.stride = 2**deepest
        block = partial(Double, Style(ndim, bias=True))
        self.encoder = pooled_stack(ndim, in_channels, widths, block)
        self.nodes = nn.ModuleDict(
            {
                f"{i},{j}": block((j * fine + coarse, fine))
                for i, (fine, coarse) in enumerate(pairwise(widths))
                for j in range(1, deepest - i + 1)
            }
        )
        depths = range(1, deepest + 1) if deep_supervision else [deepest]
        self.heads = nn.ModuleDict(
            {str(j): conv(ndim, (widths[0], out_channels), 1) for j in depths}
        )
        self.auxiliary_weights = (1.0,) * (len(self.heads) - 1)

    def grid(self, features: Tensor, depth: int) -> list[Tensor]:
        """Features of the nodes (0, 0) to (0, depth): no node beyond that depth is computed."""
        column = self.encoder(features, depth + 1)
        rows = [[each] for each in column]
        for j in range(1, depth + 1):
            for i in range(depth - j + 1):
                up = resize(rows[i + 1][j - 1], rows[i][0].shape[2:])
                rows[i].append(self.nodes[f"{i},{j}"](concat(*rows[i], up)))
        return rows[0]

    def transform(self, features: Tensor) -> Tensor:
        out: Tensor = self.heads[str(self.depth)](self.grid(features, self.depth)[-1])
        return out

    def transform_all(self, features: Tensor) -> list[Tensor]:
        outputs = self.grid(features, max(map(int, self.heads)))
        others = [name for name in self.heads if int(name) != self.depth]
        return [self.heads[name](outputs[int(name)]) for name in [str(self.depth), *others]]
