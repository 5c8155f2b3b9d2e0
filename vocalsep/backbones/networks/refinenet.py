"""RefineNet: coarse features refined level by level with long-range residual paths.

Source: Lin et al., "RefineNet: Multi-Path Refinement Networks", CVPR 2017; parameter counts of
DrSleep/refinenet-pytorch. There is no norm outside the encoder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from vocalsep.backbones.base import BACKBONES, About, Reference
from vocalsep.backbones.compose import EncoderDecoder
from vocalsep.backbones.encoders.base import build_encoder
from vocalsep.backbones.parts.layers import conv
from vocalsep.backbones.parts.resize import resize


class ResidualUnit(nn.Module):
    """x + conv(ReLU(conv(ReLU(x)))); the first convolution alone has a bias."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = conv(2, (width, width))
        self.second = conv(2, (width, width), bias=False)

    def forward(self, features: Tensor) -> Tensor:
        out: Tensor = self.second(functional.relu(self.first(functional.relu(features))))
        return features + out


class ChainedPooling(nn.Module):
    """x plus a chain of 5×5 max-pooling (stride 1) and convolution, every link added."""

    def __init__(self, width: int, n_links: int = 4) -> None:
        super().__init__()
        self.convs = nn.ModuleList(conv(2, (width, width), bias=False) for _ in range(n_links))

    def forward(self, features: Tensor) -> Tensor:
        link = features
        for each in self.convs:
            link = each(functional.max_pool2d(link, 5, 1, 2))
            features = features + link
        return features


class Refine(nn.Module):
    """One level: adapt the encoder's feature, add what comes from below, pool, refine.

    Args:
        channels: D of the encoder's feature and of this level.
        below: D of the level below; none at the coarsest.
    """

    def __init__(self, channels: tuple[int, int], below: int | None) -> None:
        super().__init__()
        width = channels[1]
        self.adapt = nn.Sequential(
            conv(2, channels, bias=False), ResidualUnit(width), ResidualUnit(width)
        )
        self.own = None if below is None else conv(2, (width, width), bias=False)
        self.below = None if below is None else conv(2, (below, width), bias=False)
        self.pool = ChainedPooling(width)
        self.refine = nn.Sequential(*(ResidualUnit(width) for _ in range(3)))

    def forward(self, features: Tensor, below: Tensor | None) -> Tensor:
        features = self.adapt(features)
        if below is not None and self.own is not None and self.below is not None:
            features = self.own(features) + resize(self.below(below), features.shape[2:])
        out: Tensor = self.refine(self.pool(functional.relu(features)))
        return out


class RefineLevels(nn.Module):
    """All levels, from the coarsest to the finest."""

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        coarse_to_fine = list(channels)[::-1]
        widths = [2 * width] + [width] * (len(coarse_to_fine) - 1)
        below = [None, *widths[:-1]]
        self.levels = nn.ModuleList(
            Refine(pair, under)
            for pair, under in zip(zip(coarse_to_fine, widths, strict=True), below, strict=True)
        )
        self.dropout = nn.Dropout(0.5)

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        out: Tensor | None = None
        for k, (level, feature) in enumerate(zip(self.levels, reversed(features), strict=False)):
            out = level(self.dropout(feature) if k < 2 else feature, out)
        assert out is not None
        return [self.dropout(out)]


@BACKBONES.register("refinenet")
class RefineNet(EncoderDecoder):
    """Plain ResNet and four refining levels; logits at stride 4.

    Args:
        in_channels: D of the input.
        out_channels: D of the logits.
        encoder: name of an encoder; its parameters are `encoder_params`.
        encoder_params: see the encoder; {"stem_stride": 1} gives logits at full size.
        width: D of the levels, twice that at the coarsest.
    """

    about = About(
        family="classic",
        paper="Lin et al., CVPR 2017",
        references=(
            Reference(3, 21, 118_052_437, "DrSleep/refinenet-pytorch"),
            Reference(3, 21, 99_060_309, "DrSleep/refinenet-pytorch", {"encoder": "resnet50"}),
        ),
        thin={"encoder": "resnet18", "encoder_params": {"width": 1 / 16}, "width": 4},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        encoder: str = "resnet101",
        encoder_params: Mapping[str, Any] | None = None,
        width: int = 256,
    ) -> None:
        body = build_encoder(encoder, in_channels, {}, encoder_params)
        # The stem's feature is left out: the finest level is that of the first stage.
        super().__init__(
            body, RefineLevels(body.channels[1:], width), conv(2, (width, out_channels))
        )
