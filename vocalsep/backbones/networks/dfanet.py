"""DFANet: three light encoders in a row, each fed with what the one before it found.

Source: Li et al., "DFANet: Deep Feature Aggregation for Real-Time Semantic Segmentation", CVPR
2019: one light encoder three times, sub-network and sub-stage aggregation. The authors published
no code, and no count of parameters that we could check: 7.8 M are quoted for it, 2,187,216 has the
code of huaifeng1993/DFANet, 2,696,089 that of lxtGH/Fast_Seg. This follows the definition with the
widths of both, so its own count is not documented by anyone.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

from vocalsep.backbones.base import BACKBONES, About, Backbone
from vocalsep.backbones.encoders.base import conv_norm, scaled
from vocalsep.backbones.parts.layers import ConvNormAct, Kernel, Style, conv
from vocalsep.backbones.parts.merge import concat
from vocalsep.backbones.parts.pyramid import pool_to_grid
from vocalsep.backbones.parts.resize import resize


def separable(channels: tuple[int, int], stride: int = 1, act: str = "relu") -> nn.Sequential:
    """Depthwise 3×3 straight into a 1×1 convolution with norm and activation."""
    d_in = channels[0]
    return nn.Sequential(
        conv(2, (d_in, d_in), Kernel(3, stride, groups=d_in), bias=False),
        conv_norm(channels, 1, act),
    )


class Unit(nn.Module):
    """Three separable convolutions, the first two a quarter as wide, beside a shortcut."""

    def __init__(self, channels: tuple[int, int], stride: int) -> None:
        super().__init__()
        d_in, d_out = channels
        inner = max(1, d_out // 4)
        self.branch = nn.Sequential(
            separable((d_in, inner), stride),
            separable((inner, inner)),
            separable((inner, d_out), act="none"),
        )
        same = stride == 1 and d_in == d_out
        self.shortcut = nn.Identity() if same else separable(channels, stride, "none")

    def forward(self, features: Tensor) -> Tensor:
        return functional.relu(self.branch(features) + self.shortcut(features))


class Attention(nn.Module):
    """Channels weighed by a fully connected layer over their means: D -> n -> D."""

    def __init__(self, channels: int, inner: int, keep_time: bool) -> None:
        super().__init__()
        self.keep_time = keep_time
        self.weigh = nn.Sequential(
            conv(2, (channels, inner), 1), ConvNormAct(Style(), (inner, channels), 1)
        )

    def forward(self, features: Tensor) -> Tensor:
        out: Tensor = features * self.weigh(pool_to_grid(features, 1, self.keep_time))
        return out


class SubNetwork(nn.Module):
    """Three stages and attention; every stage also reads the same stage of the network before.

    Args:
        d_in: D of what the first stage reads.
        widths: D of each stage.
        n_units: units of each stage, the first of them with stride 2.
        attention: the last part.
        follows: whether there is a network before.
    """

    def __init__(
        self,
        d_in: int,
        widths: Sequence[int],
        n_units: Sequence[int],
        attention: Attention,
        follows: bool,
    ) -> None:
        super().__init__()
        self.stages = nn.ModuleList()
        for k, (d_out, n) in enumerate(zip(widths, n_units, strict=True)):
            extra = d_out if follows and k > 0 else 0
            later = (Unit((d_out, d_out), 1) for _ in range(n - 1))
            self.stages.append(nn.Sequential(Unit((d_in + extra, d_out), 2), *later))
            d_in = d_out
        self.attention = attention

    def forward(self, features: Tensor, before: Sequence[Tensor]) -> list[Tensor]:
        """The features of each stage, the last of them once more after attention."""
        out: list[Tensor] = []
        for k, stage in enumerate(self.stages):
            # The first stage has got the network before as part of its input.
            joined = concat(before[k], features) if before and k > 0 else features
            features = stage(joined)
            out.append(features)
        return [*out, self.attention(features)]


@BACKBONES.register("dfanet")
class DFANet(Backbone):
    """Sub-network and sub-stage aggregation of three thin Xceptions; logits at stride 4.

    Args:
        in_channels: D of the input.
        out_channels: D of the logits.
        widths: D of the stages of every sub-network.
        n_units: residual units of each stage.
        stem_stride: of the first convolution: 1 for finer logits.
        attention_width: D of the fully connected layer of the attention.
        width: D of the decoder.
        keep_time: attention's means over frequency alone.
    """

    about = About(
        family="real time",
        paper="Li et al., CVPR 2019",
        thin={"widths": [4, 8, 12], "n_units": [1, 1, 1], "attention_width": 8, "width": 8},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        widths: tuple[int, int, int] = (48, 96, 192),
        n_units: tuple[int, int, int] = (4, 6, 4),
        stem_stride: int = 2,
        attention_width: int = 1000,
        width: int = 32,
        keep_time: bool = False,
    ) -> None:
        super().__init__()
        self.stride = 32 * stem_stride
        stem = scaled(8, 1)
        self.stem = conv_norm((in_channels, stem), Kernel(3, stem_stride))
        last = widths[-1]
        inputs = (stem, widths[0] + last, widths[0] + last)
        self.networks = nn.ModuleList(
            SubNetwork(
                d_in, widths, n_units, Attention(last, attention_width, keep_time), follows=k > 0
            )
            for k, d_in in enumerate(inputs)
        )
        self.of_first = nn.ModuleList(conv_norm((widths[0], width), 1) for _ in inputs)
        self.of_last = nn.ModuleList(conv_norm((last, width), 1) for _ in inputs)
        self.fuse = conv_norm((width, width), 1)
        self.head = conv(2, (width, out_channels), 1)

    def transform(self, features: Tensor) -> Tensor:
        found: list[list[Tensor]] = []
        features = self.stem(features)
        for network in self.networks:
            before = found[-1] if found else []
            if before:
                features = concat(before[0], resize(before[-1], before[0].shape[2:]))
            found.append(network(features, before))
        size = found[0][0].shape[2:]
        fine = [resize(c(x[0]), size) for c, x in zip(self.of_first, found, strict=True)]
        coarse = [resize(c(x[-1]), size) for c, x in zip(self.of_last, found, strict=True)]
        out: Tensor = self.head(self.fuse(sum(fine[1:], fine[0])) + sum(coarse[1:], coarse[0]))
        return out
