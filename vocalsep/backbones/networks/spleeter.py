"""Spleeter's U-Net: the strided U-Net of Jansson et al. with differences that change weights.

Source: Hennequin et al., "Spleeter: a fast and efficient music source separation tool with
pre-trained models", JOSS 2020, and its code (deezer/spleeter, MIT): BatchNorm comes after the
activation on the way up; skips are what convolutions give before BatchNorm; strided layers are
padded by 1 before and 2 after, as Keras does for "same"; a last convolution of kernel 4, dilation
2 gives the logits of all channels. The code also normalises and activates the coarsest feature
and throws that away: without those 1,024 parameters, its 9,823,749 are 9,822,725.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

from vocalsep.backbones.base import BACKBONES, About, Backbone, Reference
from vocalsep.backbones.parts.layers import activation
from vocalsep.backbones.parts.merge import concat
from vocalsep.errors import RecipeError

MAX_LEVELS = 10
DROPOUT_LEVELS = 3  # coarsest levels of the decoder with dropout
KERNEL = 5


@BACKBONES.register("spleeter")
class SpleeterUNet(Backbone):
    """One stem's network; a separator has one for each (`per_target`).

    Args:
        in_channels: D of the input.
        out_channels: D of the output.
        widths: D after each down block, from the finest to the coarsest level.
        down_act: activation on the way down: "leaky_relu" (2 stems) or "elu" (4 and 5 stems).
        up_act: on the way up: "relu" or "elu".
        dropout: probability on the three coarsest decoder levels, in training only.

    Raises:
        RecipeError: no widths, too many, or an unknown activation.
    """

    about = About(
        family="audio",
        paper="Hennequin et al., JOSS 2020",
        references=(Reference(2, 2, 9_822_725, "deezer/spleeter without what it throws away"),),
        thin={"widths": [4, 8]},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        widths: Sequence[int] = (16, 32, 64, 128, 256, 512),
        down_act: str = "leaky_relu",
        up_act: str = "relu",
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        if not 1 <= len(widths) <= MAX_LEVELS or min(widths) < 1:
            raise RecipeError(
                f"spleeter: widths={list(widths)}: expected 1 to {MAX_LEVELS} positive widths"
            )
        self.stride = 2 ** len(widths)
        self.down = nn.ModuleList(
            nn.Conv2d(*pair, KERNEL, stride=2)
            for pair in zip([in_channels, *widths], widths, strict=False)
        )
        self.down_norms = nn.ModuleList(
            nn.Sequential(keras_norm(width), activation(down_act)) for width in widths[:-1]
        )
        coarse_to_fine = list(widths)[::-1]
        self.up = nn.ModuleList()
        self.up_norms = nn.ModuleList()
        for level, width in enumerate([*coarse_to_fine[1:], 1]):
            d_in = coarse_to_fine[level] * (1 if level == 0 else 2)
            self.up.append(nn.ConvTranspose2d(d_in, width, KERNEL, stride=2))
            norm = nn.Sequential(activation(up_act), keras_norm(width))
            if level < DROPOUT_LEVELS and width > 1:
                norm.append(nn.Dropout(dropout))
            self.up_norms.append(norm)
        self.out = nn.Conv2d(1, out_channels, 4, dilation=2, padding=3)
        self.apply(_start)

    def transform(self, features: Tensor) -> Tensor:
        skips: list[Tensor] = []
        for level, conv in enumerate(self.down):
            features = conv(functional.pad(features, (1, 2, 1, 2)))
            skips.append(features)
            if level < len(self.down_norms):
                features = self.down_norms[level](features)
        features = skips.pop()
        for conv, norm in zip(self.up, self.up_norms, strict=True):
            # The transpose of the padding on the way down: 1 before and 2 after are cut off.
            features = norm(conv(features)[..., 1:-2, 1:-2])
            if skips:
                features = concat(skips.pop(), features)
        out: Tensor = self.out(features)
        return out


def keras_norm(channels: int) -> nn.BatchNorm2d:
    """BatchNorm with the constants of Keras."""
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


def _start(module: nn.Module) -> None:
    """He's uniform start, as the code has it."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
        nn.init.zeros_(module.bias)  # type: ignore[arg-type]
