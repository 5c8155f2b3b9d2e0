"""Convolution blocks that keep the size: (B, D_in, *size) -> (B, D_out, *size)."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor, nn

from vocalsep.backbones.parts.layers import ConvNormAct, Kernel, Style, conv


class Double(nn.Sequential):
    """Two times convolution, norm, activation.

    Args:
        style: of both layers.
        channels: D before and after.
        middle: D between the two; that after by default.
        kernel: of both convolutions; a stride is that of the first alone.
    """

    def __init__(
        self,
        style: Style,
        channels: tuple[int, int],
        middle: int | None = None,
        kernel: Kernel | None = None,
    ) -> None:
        d_in, d_out = channels
        d_mid = d_out if middle is None else middle
        kernel = kernel or Kernel()
        super().__init__(
            ConvNormAct(style, (d_in, d_mid), kernel),
            ConvNormAct(style, (d_mid, d_out), replace(kernel, stride=1)),
        )


class Recurrent(nn.Module):
    """One convolution layer applied t + 1 times, each time to its input plus its last output.

    Source: Liang & Hu, "Recurrent Convolutional Neural Network for Object Recognition", CVPR 2015,
    with the weights of input and state shared as in the code of R2U-Net. The number of parameters
    does not depend on t.
    """

    def __init__(self, style: Style, channels: int, t: int) -> None:
        super().__init__()
        self.layer = ConvNormAct(style, (channels, channels))
        self.t = t

    def forward(self, features: Tensor) -> Tensor:
        out: Tensor = self.layer(features)
        for _ in range(self.t):
            out = self.layer(features + out)
        return out


class RecurrentResidual(nn.Module):
    """1×1 convolution to the new width, plus two recurrent layers of it (R2, Alom et al. 2018)."""

    def __init__(self, style: Style, channels: tuple[int, int], t: int) -> None:
        super().__init__()
        self.project = conv(style.ndim, channels, 1)
        self.body = nn.Sequential(*(Recurrent(style, channels[1], t) for _ in range(2)))

    def forward(self, features: Tensor) -> Tensor:
        features = self.project(features)
        out: Tensor = features + self.body(features)
        return out
