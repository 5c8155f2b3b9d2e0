"""Convolution blocks that keep the size: (B, D_in, *size) -> (B, D_out, *size)."""

from __future__ import annotations

from torch import nn

from vocalsep.backbones.parts.layers import ConvNormAct, Kernel, Style


class Double(nn.Sequential):
    """Two times 3×3 convolution, norm, activation.

    Args:
        style: of both layers.
        channels: D before and after.
        middle: D between the two; that after by default.
        stride: of the first convolution.
    """

    def __init__(
        self,
        style: Style,
        channels: tuple[int, int],
        middle: int | None = None,
        stride: int | tuple[int, ...] = 1,
    ) -> None:
        d_in, d_out = channels
        d_mid = d_out if middle is None else middle
        super().__init__(
            ConvNormAct(style, (d_in, d_mid), Kernel(stride=stride)),
            ConvNormAct(style, (d_mid, d_out)),
        )
