"""Layers that are tied to the number of frequency bins. Features are (B, D, T, F) here.

Frequency comes last, as `nn.Linear` wants it; networks turn (B, D, F, T) once at each end.
"""

from __future__ import annotations

from torch import Tensor, nn

from vocalsep.backbones.compose import EncoderDecoder
from vocalsep.backbones.parts.layers import ConvNormAct, Style


class FrequencyLayers(nn.Sequential):
    """TDF: F bins -> fewer -> F bins by dense layers that all frames and channels share.

    Each is followed by norm and ReLU. Frames do not see each other: a permutation of them commutes.

    Source: Choi et al., "Investigating U-Nets with various Intermediate Blocks", ISMIR 2020.

    Args:
        channels: D.
        n_bins: F.
        n_inner: bins between the two layers.
        bias: of the dense layers.
        affine: whether the norm has parameters.
    """

    def __init__(
        self, channels: int, n_bins: int, n_inner: int, bias: bool = False, affine: bool = True
    ) -> None:
        super().__init__(
            nn.Linear(n_bins, n_inner, bias),
            nn.BatchNorm2d(channels, affine=affine),
            nn.ReLU(),
            nn.Linear(n_inner, n_bins, bias),
            nn.BatchNorm2d(channels, affine=affine),
            nn.ReLU(),
        )


class WithFrequencyLayers(nn.Module):
    """A block of convolutions, plus what frequency layers make of its output."""

    def __init__(self, block: nn.Module, layers: nn.Module) -> None:
        super().__init__()
        self.block = block
        self.layers = layers

    def forward(self, features: Tensor) -> Tensor:
        features = self.block(features)
        out: Tensor = features + self.layers(features)
        return out


class FrequencyLastNetwork(EncoderDecoder):
    """An encoder and decoder that work on (B, D, T, F); as a network it takes (B, D, F, T)."""

    def transform(self, features: Tensor) -> Tensor:
        return super().transform(features.transpose(2, 3)).transpose(2, 3)

    def transform_all(self, features: Tensor) -> list[Tensor]:
        outputs = super().transform_all(features.transpose(2, 3))
        return [each.transpose(2, 3) for each in outputs]


class FrameLSTM(nn.Module):
    """A bidirectional LSTM over frames that sees all bins of a few squeezed channels at once.

    1×1 convolution to `squeezed` channels; the bins of all of them are one vector a frame; LSTM;
    dense layer back to as many, norm, ReLU. (B, D, F, T) -> (B, squeezed, F, T): frequency is not
    last here.

    Source: tsurumeso/vocal-remover, where `squeezed` is 1.

    Args:
        channels: D.
        n_bins: F.
        hidden: outputs of the LSTM, half of them of each direction.
        squeezed: channels that are left.
    """

    def __init__(self, channels: int, n_bins: int, hidden: int, squeezed: int = 1) -> None:
        super().__init__()
        self.squeezed = squeezed
        n_values = n_bins * squeezed
        self.squeeze = ConvNormAct(Style(), (channels, squeezed), 1)
        self.lstm = nn.LSTM(n_values, hidden // 2, bidirectional=True, batch_first=True)
        self.dense = nn.Linear(hidden, n_values)
        self.norm = nn.BatchNorm1d(n_values)

    def forward(self, features: Tensor) -> Tensor:
        squeezed = self.squeeze(features)
        frames, _ = self.lstm(squeezed.flatten(1, 2).transpose(1, 2))  # (B, T, hidden)
        values = self.norm(self.dense(frames).transpose(1, 2)).relu()  # (B, squeezed · F, T)
        out: Tensor = values.unflatten(1, squeezed.shape[1:3])
        return out
