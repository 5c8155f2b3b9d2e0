"""From the features of an encoder or decoder to logits."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from vocalsep.backbones.parts.layers import ConvNormAct, Kernel, Style, conv


class OfLast(nn.Module):
    """A module applied to the coarsest feature alone: a decoder that ignores all others."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        return [self.module(features[-1])]


def conv_head(
    d_in: int, d_mid: int, d_out: int, dropout: float = 0.1, kernel: Kernel | int = 3
) -> nn.Sequential:
    """Convolution, norm, ReLU, dropout, 1×1 to the logits."""
    return nn.Sequential(
        ConvNormAct(Style(), (d_in, d_mid), kernel),
        nn.Dropout(dropout),
        conv(2, (d_mid, d_out), 1),
    )
