"""Gated-SCNN: a shape stream at full size, gated by what the deep stream knows.

Source: Takikawa et al., "Gated-SCNN: Gated Shape CNNs for Semantic Segmentation", ICCV 2019. The
release has 137,278,190 parameters with 19 classes, 65 of them unused (a side output of module 1).
It joins the edges of Canny's detector on 8-bit colour images; here the length of the gradient of
the channels' mean, over its maximum, stands for them, which a spectrogram has as well.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from vocalsep.backbones.base import BACKBONES, About, Backbone, Reference
from vocalsep.backbones.encoders.resnet import basic
from vocalsep.backbones.encoders.wide_resnet38 import WideResNet38
from vocalsep.backbones.parts.blocks import Double
from vocalsep.backbones.parts.layers import ConvNormAct, Style, conv
from vocalsep.backbones.parts.merge import concat
from vocalsep.backbones.parts.pyramid import ASPP
from vocalsep.backbones.parts.resize import resize


def gradient_length(features: Tensor) -> Tensor:
    """Length of the gradient of the channels' mean, 1 at its maximum: (B, D, H, W) -> (B, 1, H, W).

    Differences of neighbours, zero at the last row and column.
    """
    mean = features.mean(1, keepdim=True)
    rows = functional.pad(mean.diff(dim=2), (0, 0, 0, 1))
    columns = functional.pad(mean.diff(dim=3), (0, 1))
    length = (rows.square() + columns.square()).sqrt()
    return length / length.amax((2, 3), keepdim=True).clamp_min(1e-6)


class GatedConv(nn.Module):
    """1×1 convolution of x·(1 + α), α a sigmoid of x and one channel of the deep stream."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        joined = channels + 1
        self.gate = nn.Sequential(
            nn.BatchNorm2d(joined),
            conv(2, (joined, joined), 1),
            nn.ReLU(),
            conv(2, (joined, 1), 1),
            nn.BatchNorm2d(1),
            nn.Sigmoid(),
        )
        self.conv = conv(2, (channels, channels), 1, bias=False)

    def forward(self, features: Tensor, side: Tensor) -> Tensor:
        out: Tensor = self.conv(features * (1 + self.gate(concat(features, side))))
        return out


class ShapeStream(nn.Module):
    """Residual unit, 1×1 to half the width and gated convolution, three times; then edge logits.

    Args:
        channels: D of the finest feature and of the three that gate.
    """

    def __init__(self, channels: tuple[int, int, int, int]) -> None:
        super().__init__()
        width, *gating = channels
        self.sides = nn.ModuleList(conv(2, (d, 1), 1) for d in gating)
        widths = [max(1, width // 2**k) for k in range(len(gating) + 1)]
        self.units = nn.ModuleList(basic((d, d)) for d in widths[:-1])
        self.narrow = nn.ModuleList(conv(2, pair, 1) for pair in pairwise(widths))
        self.gates = nn.ModuleList(GatedConv(d) for d in widths[1:])
        self.edge = conv(2, (widths[-1], 1), 1, bias=False)

    def forward(self, fine: Tensor, gating: list[Tensor]) -> Tensor:
        out, size = fine, fine.shape[2:]
        parts = zip(self.units, self.narrow, self.gates, self.sides, gating, strict=True)
        for unit, narrow, gate, side, deep in parts:
            narrowed = narrow(functional.relu(unit(out)))
            out = gate(narrowed, resize(side(deep), size))
        edges: Tensor = self.edge(out)
        return edges


class EdgeASPP(ASPP):
    """ASPP whose last 1×1 also sees the edges, as one more branch; no norm after it."""

    def __init__(self, channels: tuple[int, int], rates: tuple[int, ...], keep_time: bool) -> None:
        super().__init__(channels, rates, keep_time)
        width = channels[1]
        self.of_edges = ConvNormAct(Style(), (1, width), 1)
        self.project = nn.Sequential(
            conv(2, ((len(self.branches) + 1) * width, width), 1, bias=False)
        )

    def with_edges(self, features: Tensor, edges: Tensor) -> Tensor:
        """(B, D, H, W), (B, 1, H', W') -> (B, width, H, W)."""
        beside = self.of_edges(resize(edges, features.shape[2:]))
        branches = (branch(features) for branch in self.branches)
        out: Tensor = self.project(concat(*branches, beside))
        return out


@BACKBONES.register("gated_scnn")
class GatedSCNN(Backbone):
    """Wide ResNet-38 of output stride 8, shape stream, ASPP with edges, one fine feature.

    Args:
        in_channels: D of the input.
        out_channels: D of the logits.
        encoder_width: factor on the encoder's widths.
        width: D of the decoder.
        reduced: D of the fine feature in the decoder.
        keep_time: image pooling over frequency alone.
    """

    about = About(
        family="classic",
        paper="Takikawa et al., ICCV 2019",
        references=(
            Reference(3, 19, 137_278_125, "nv-tlabs/GSCNN, without an unused side output"),
        ),
        thin={"encoder_width": 1 / 32, "width": 8, "reduced": 4},
    )
    stride = 8

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        encoder_width: float = 1.0,
        width: int = 256,
        reduced: int = 48,
        keep_time: bool = False,
    ) -> None:
        super().__init__()
        self.encoder = WideResNet38(in_channels, width=encoder_width, activated=False)
        d = self.encoder.channels
        self.shape = ShapeStream((d[0], d[2], d[3], d[6]))
        self.join_edges = conv(2, (2, 1), 1, bias=False)
        self.aspp = EdgeASPP((d[6], width), (12, 24, 36), keep_time)
        self.reduce = conv(2, (d[1], reduced), 1, bias=False)
        self.head = nn.Sequential(
            Double(Style(), (width + reduced, width)),
            conv(2, (width, out_channels), 1, bias=False),
        )

    def edges(self, features: Tensor) -> Tensor:
        """Edge logits at full size, for the edge losses: (B, D_in, H, W) -> (B, 1, H, W)."""
        return self._edges(self.encoder(features))

    def transform(self, features: Tensor) -> Tensor:
        levels = self.encoder(features)
        own = torch.sigmoid(self._edges(levels))
        edges = torch.sigmoid(self.join_edges(concat(own, gradient_length(features))))
        coarse = self.aspp.with_edges(levels[6], edges)
        fine = self.reduce(levels[1])
        out: Tensor = self.head(concat(fine, resize(coarse, fine.shape[2:])))
        return out

    def _edges(self, levels: list[Tensor]) -> Tensor:
        edges: Tensor = self.shape(levels[0], [levels[2], levels[3], levels[6]])
        return edges
