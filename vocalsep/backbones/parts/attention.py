"""Gates that weigh features by themselves or by each other; every weight lies in (0, 1)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from vocalsep.backbones.parts.layers import ConvNormAct, Style, conv
from vocalsep.backbones.parts.merge import concat
from vocalsep.recipe.part import check
from vocalsep.registry import Registry

# Built from (ndim, D, reduction, keep_time); recipes choose one by name.
ATTENTIONS: Registry[Callable[[int, int, int, bool], nn.Module]] = Registry("attention")


@ATTENTIONS.register("se")
class ChannelGate(nn.Module):
    """Squeeze and excitation: each channel times sigmoid(FC(ReLU(FC(mean of each channel)))).

    Source: Hu et al., "Squeeze-and-Excitation Networks", CVPR 2018.

    Args:
        ndim: 1, 2 or 3.
        channels: D.
        reduction: the inner layer has D / reduction channels, one at least.
        keep_time: average over all axes but the last, one weight a frame: what a spectrogram's
            frame becomes then does not depend on how long the chunk is.
    """

    def __init__(
        self, ndim: int, channels: int, reduction: int = 16, keep_time: bool = False
    ) -> None:
        super().__init__()
        check("reduction", reduction, reduction >= 1, "1 or more")
        inner = max(1, channels // reduction)
        self.axes = tuple(range(2, ndim + (1 if keep_time else 2)))
        self.weigh = nn.Sequential(
            conv(ndim, (channels, inner), 1), nn.ReLU(), conv(ndim, (inner, channels), 1)
        )

    def forward(self, features: Tensor) -> Tensor:
        mean = features.mean(self.axes, keepdim=True) if self.axes else features
        return features * torch.sigmoid(self.weigh(mean))


@ATTENTIONS.register("scse")
class ChannelAndPositionGate(nn.Module):
    """The sum of features weighed by channel and features weighed by position (scSE).

    Source: Roy, Navab & Wachinger, "Concurrent Spatial and Channel Squeeze & Excitation in Fully
    Convolutional Networks", MICCAI 2018.
    """

    def __init__(
        self, ndim: int, channels: int, reduction: int = 16, keep_time: bool = False
    ) -> None:
        super().__init__()
        self.by_channel = ChannelGate(ndim, channels, reduction, keep_time)
        self.by_position = conv(ndim, (channels, 1), 1)

    def forward(self, features: Tensor) -> Tensor:
        out: Tensor = self.by_channel(features)
        return out + features * torch.sigmoid(self.by_position(features))


class GatedConcat(nn.Module):
    """Join decoder features and a skip that they have weighed: additive attention gate.

    w = sigmoid(norm(ψ · ReLU(norm(W_f · features) + norm(W_s · skip)))), one weight a position; the
    skip times w is concatenated with the features.

    Source: Oktay et al., "Attention U-Net", MIDL 2018, in the form where features and skip have
    the same size (LeeJunHyun/Image_Segmentation).
    """

    def __init__(self, ndim: int, channels: int) -> None:
        super().__init__()
        linear = Style(ndim, act="none", bias=True)
        inner = max(1, channels // 2)
        self.of_features = ConvNormAct(linear, (channels, inner), 1)
        self.of_skip = ConvNormAct(linear, (channels, inner), 1)
        self.psi = ConvNormAct(linear, (inner, 1), 1)

    def weights(self, features: Tensor, skip: Tensor) -> Tensor:
        """(B, D, *size) twice -> (B, 1, *size) in (0, 1)."""
        both = torch.relu(self.of_features(features) + self.of_skip(skip))
        return torch.sigmoid(self.psi(both))

    def forward(self, features: Tensor, skip: Tensor) -> Tensor:
        return concat(skip * self.weights(features, skip), features)
