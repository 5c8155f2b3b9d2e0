"""ICNet: the deep branch sees a small image, shallow ones the larger sizes.

Source: Zhao et al., "ICNet for Real-Time Semantic Segmentation on High-Resolution Images", ECCV
2018. The released network, norms merged into its convolutions, has 6,685,715 parameters with 19
classes; batch norm adds one for each normalised channel.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from vocalsep.backbones.base import BACKBONES, About, Backbone, Reference
from vocalsep.backbones.encoders.base import conv_norm, scaled
from vocalsep.backbones.encoders.resnet import ResNet
from vocalsep.backbones.parts.layers import Kernel, conv
from vocalsep.backbones.parts.pyramid import pool_to_grid
from vocalsep.backbones.parts.resize import resize


class CascadeFusion(nn.Module):
    """Sum of a coarse feature, doubled and smoothed by a dilated 3×3, and a fine one (1×1)."""

    def __init__(self, coarse: int, fine: int, width: int) -> None:
        super().__init__()
        self.coarse = conv_norm((coarse, width), Kernel(dilation=2), "none")
        self.fine = conv_norm((fine, width), 1, "none")

    def forward(self, coarse: Tensor, fine: Tensor) -> tuple[Tensor, Tensor]:
        """The fused feature, and the doubled coarse one for an auxiliary head."""
        doubled = resize(coarse, fine.shape[2:])
        return functional.relu(self.coarse(doubled) + self.fine(fine)), doubled


@BACKBONES.register("icnet")
class ICNet(Backbone):
    """Half-width PSPNet-50 on a quarter of the size, two cascade fusions; logits at stride 4.

    Args:
        in_channels: D of the input.
        out_channels: D of the logits.
        width: factor on all widths.
        n_blocks: residual units in each stage of the deep branch.
        fine_strides: of the three convolutions that see the input at full size; the logits are
            twice as fine as their product, so (1, 1, 2) keeps harmonics apart.
        keep_time: pyramid pooling over frequency alone.
        auxiliary: weight of the loss on each of the two coarser features; 0: none.
    """

    about = About(
        family="real time",
        paper="Zhao et al., ECCV 2018",
        references=(
            Reference(3, 19, 6_699_987, "hszhao/ICNet, norms not merged", {"auxiliary": 0.0}),
        ),
        thin={"width": 1 / 8, "n_blocks": [1, 2, 1, 1], "fine_strides": [1, 1, 2]},
    )
    stride = 64

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        width: float = 1.0,
        n_blocks: tuple[int, int, int, int] = (3, 4, 6, 3),
        fine_strides: tuple[int, int, int] = (2, 2, 2),
        keep_time: bool = False,
        auxiliary: float = 0.4,
    ) -> None:
        super().__init__()
        self.keep_time = keep_time
        self.deep = ResNet(
            in_channels, n_blocks=n_blocks, width=width / 2, output_stride=8, stem="deep"
        )
        a, b, d = (scaled(n, width) for n in (32, 64, 128))
        middle, last = self.deep.channels[2], self.deep.channels[-1]
        self.reduce = conv_norm((last, 2 * d), 1)
        first, second, third = fine_strides
        self.fine = nn.Sequential(
            conv_norm((in_channels, a), Kernel(3, first)),
            conv_norm((a, a), Kernel(3, second)),
            conv_norm((a, b), Kernel(3, third)),
        )
        self.fuse_middle = CascadeFusion(2 * d, middle, d)
        self.fuse_fine = CascadeFusion(d, b, d)
        self.head = conv(2, (d, out_channels), 1)
        self.auxiliary_weights = (auxiliary, auxiliary) if auxiliary else ()
        widths = (2 * d, d) if auxiliary else ()
        self.auxiliary_heads = nn.ModuleList(conv(2, (n, out_channels), 1) for n in widths)

    def context(self, middle: Tensor) -> Tensor:
        """The rest of the deep branch on features of half the size, with pooled grids added."""
        features = resize(middle, [max(1, n // 2) for n in middle.shape[2:]])
        second, *later = list(self.deep.stages)[1:]
        for unit in [*list(second.children())[1:], *later]:
            features = unit(features)
        features = functional.relu(features)
        total = features
        for bins in (1, 2, 3, 6):
            pooled = pool_to_grid(features, bins, self.keep_time)
            total = total + resize(pooled, features.shape[2:])
        out: Tensor = self.reduce(total)
        return out

    def _levels(self, features: Tensor) -> list[Tensor]:
        """The last fused feature, doubled, then what either fusion had from below."""
        half = resize(features, [n // 2 for n in features.shape[2:]])
        first, second = list(self.deep.stages)[:2]
        start = first(self.deep.pool(self.deep.stem(half)))
        middle = functional.relu(next(second.children())(start))
        fused, coarse = self.fuse_middle(self.context(middle), middle)
        fused, finer = self.fuse_fine(fused, self.fine(features))
        return [resize(fused, [2 * n for n in fused.shape[2:]]), coarse, finer]

    def transform(self, features: Tensor) -> Tensor:
        out: Tensor = self.head(self._levels(features)[0])
        return out

    def transform_all(self, features: Tensor) -> list[Tensor]:
        last, *coarser = self._levels(features)
        heads = zip(self.auxiliary_heads, coarser, strict=False)
        return [self.head(last), *(head(each) for head, each in heads)]
