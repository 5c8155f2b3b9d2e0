"""Wave-U-Net: a 1-D U-Net on samples that drops every second value down and interpolates up.

Source: Stoller, Ewert, Dixon, "Wave-U-Net: A Multi-Scale Neural Network for End-to-End Audio
Source Separation", ISMIR 2018, and the authors' code (f90/Wave-U-Net, MIT) for what the paper
leaves open. Their configurations M1 to M7 differ in the padding, the channels and the upsampling;
how outputs become sources (tanh, the last source as the difference) is the separator's business.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vocalsep.backbones.base import BACKBONES, About, Reference
from vocalsep.backbones.context import ContextBackbone
from vocalsep.backbones.parts.borders import centre_crop
from vocalsep.backbones.parts.layers import activation
from vocalsep.backbones.parts.merge import Joined, concat
from vocalsep.errors import RecipeError

MAX_LEVELS = 14  # the context doubles with each: 12 levels see 131,055 samples
MAX_KERNEL = 63
INTERPOLATIONS = ("linear", "learned")
AUTHORS = "f90/Wave-U-Net"


@BACKBONES.register("wave_u_net")
class WaveUNet(ContextBackbone):
    """Encoder and decoder of convolutions with skips, and the input beside the last features.

    With context every convolution is "valid" and the output shorter than the input by 2·context:
    147,443 -> 16,389 samples at the usual size. Without, they are padded with zeros and the
    size stays, 16,384 for instance.

    Args:
        in_channels: D of the input.
        out_channels: D of the output.
        levels: how often the length is halved, 1 to 14.
        width: D after the first level; level k has k times as many.
        kernel: of the encoder's convolutions, odd.
        up_kernel: of the decoder's, odd.
        context: convolutions without padding.
        interpolation: "linear", or "learned" (M5): σ(w)·left + (1 − σ(w))·right with a weight
            for every channel.

    Raises:
        RecipeError: a value outside of what is said above.
    """

    about = About(
        family="audio",
        paper="Stoller et al., ISMIR 2018",
        ndims=(1,),
        references=(
            Reference(2, 2, 10_263_390, f"{AUTHORS}: M4"),
            Reference(1, 2, 10_263_028, f"{AUTHORS}: M1", {"context": False}),
            Reference(1, 1, 10_263_002, f"{AUTHORS}: M2", {"context": False}),
            Reference(1, 1, 10_263_002, f"{AUTHORS}: M3"),
            Reference(2, 2, 10_265_550, f"{AUTHORS}: M5", {"interpolation": "learned"}),
            Reference(2, 6, 10_263_498, f"{AUTHORS}: M6"),
            Reference(1, 1, 20_594_652, f"{AUTHORS}: M7", {"width": 34}),
        ),
        thin={"levels": 2, "width": 3, "kernel": 5, "up_kernel": 3, "interpolation": "learned"},
    )
    ndim = 1

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        levels: int = 12,
        width: int = 24,
        kernel: int = 15,
        up_kernel: int = 5,
        context: bool = True,
        interpolation: str = "linear",
    ) -> None:
        super().__init__()
        kernels_fit = all(1 <= k <= MAX_KERNEL and k % 2 == 1 for k in (kernel, up_kernel))
        if not (kernels_fit and 1 <= levels <= MAX_LEVELS and width >= 1):
            raise RecipeError(
                f"wave_u_net: levels={levels}, width={width}, kernel={kernel}, "
                f"up_kernel={up_kernel}: expected 1 to {MAX_LEVELS} levels, a positive width and "
                f"odd kernels up to {MAX_KERNEL}"
            )
        if interpolation not in INTERPOLATIONS:
            raise RecipeError(
                f"wave_u_net: interpolation is {interpolation!r}: expected one of "
                f"{', '.join(INTERPOLATIONS)}"
            )
        widths = [width * level for level in range(1, levels + 1)]
        self.padded = not context
        self.down = nn.ModuleList(
            self._layer((d_in, d_out), kernel)
            for d_in, d_out in zip([in_channels, *widths], widths, strict=False)
        )
        self.bottom = self._layer((widths[-1], width * (levels + 1)), kernel)
        below = [*widths[1:], width * (levels + 1)]  # D of what comes up to each level
        self.up = nn.ModuleList(
            self._layer((Joined(d_out, d_below), d_out), up_kernel)
            for d_below, d_out in reversed(list(zip(below, widths, strict=True)))
        )
        learned = interpolation == "learned"
        self.between = nn.ModuleList(
            LearnedInterpolation(d) if learned else LinearInterpolation() for d in reversed(below)
        )
        self.out = nn.Conv1d(Joined(in_channels, width), out_channels, 1)
        self.stride = 2**levels
        self.smallest = self.stride
        if context:
            self.smallest, n_out = smallest_sizes(levels, kernel, up_kernel)
            self.context = (self.smallest - n_out) // 2

    def _layer(self, channels: tuple[int, int], kernel: int) -> nn.Sequential:
        padding = kernel // 2 if self.padded else 0
        conv = nn.Conv1d(*channels, kernel, padding=padding)
        # 25 layers without norm: the authors' start (Glorot) keeps the level, PyTorch's does not.
        nn.init.xavier_uniform_(conv.weight)
        nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
        return nn.Sequential(conv, activation("leaky_relu"))

    def transform(self, features: Tensor) -> Tensor:
        whole = features
        skips: list[Tensor] = []
        for block in self.down:
            skips.append(block(features))
            features = skips[-1][..., ::2]
        features = self.bottom(features)
        for between, block in zip(self.between, self.up, strict=True):
            features = between(features)
            if self.padded:  # the last value has no right neighbour: it stands for its own
                features = torch.cat([features, features[..., -1:]], dim=-1)
            skip = centre_crop(skips.pop(), features.shape[2:])
            features = block(concat(skip, features))
        out: Tensor = self.out(concat(centre_crop(whole, features.shape[2:]), features))
        return out


class LinearInterpolation(nn.Module):
    """The mean between every two neighbours: (B, D, n) -> (B, D, 2n − 1), ends kept."""

    def forward(self, features: Tensor) -> Tensor:
        return interleave(features, (features[..., :-1] + features[..., 1:]) / 2)


class LearnedInterpolation(nn.Module):
    """σ(w)·left + (1 − σ(w))·right between neighbours, one w a channel; it starts as the mean."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(channels, 1))

    def forward(self, features: Tensor) -> Tensor:
        left, right = features[..., :-1], features[..., 1:]
        share = torch.sigmoid(self.weight)
        return interleave(features, share * left + (1 - share) * right)


def interleave(features: Tensor, between: Tensor) -> Tensor:
    """(B, D, n) and the n − 1 values between them -> (B, D, 2n − 1)."""
    pairs = torch.stack([features[..., :-1], between], dim=-1).flatten(-2)
    return torch.cat([pairs, features[..., -1:]], dim=-1)


def smallest_sizes(levels: int, kernel: int, up_kernel: int) -> tuple[int, int]:
    """Length of the smallest input with an output, and of that output.

    Upwards from a bottom of n values each level makes 2n − 1 of them and its convolution takes
    away `up_kernel` − 1; downwards the same lengths must be odd before every second value goes.

    >>> smallest_sizes(12, 15, 5)
    (131059, 5)
    """
    bottom = 1
    while True:
        n_out = bottom
        for _ in range(levels):
            n_out = 2 * n_out - 1 - (up_kernel - 1)
        if n_out >= 1:
            break
        bottom += 1
    n_in = bottom + kernel - 1
    for _ in range(levels):
        n_in = 2 * n_in - 1 + kernel - 1
    return n_in, n_out
