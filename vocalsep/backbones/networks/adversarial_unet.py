"""The separator of adversarial semi-supervised separation: a small U-Net without padding.

Source: Stoller, Ewert, Dixon, "Adversarial Semi-Supervised Audio Source Separation applied to
Singing Voice Extraction", ICASSP 2018, and the authors' code (f90/AdversarialAudioSeparation,
MIT). It gives magnitudes of each source, not masks: use it with the mask kind "magnitude", which
holds the last ReLU. The critics of the paper are in `models/critic.py`.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from vocalsep.backbones.base import BACKBONES, About, Reference
from vocalsep.backbones.context import ContextBackbone
from vocalsep.backbones.parts.borders import centre_crop
from vocalsep.backbones.parts.layers import CONV, MAX_POOL, TRANSPOSED_CONV
from vocalsep.backbones.parts.merge import concat
from vocalsep.errors import RecipeError

MAX_LEVELS = 8


@BACKBONES.register("adversarial_unet")
class AdversarialUNet(ContextBackbone):
    """3×3 convolutions, max-pooling, 2×2 transposed convolutions, at the end beside the input.

    350×158 bins and frames give 258×66. As a backbone it surrounds its input with zeros, which
    are silence in log-compressed magnitudes; reflection would need more frames than a short clip
    has. The authors give it the real frames of the song instead, and cut the estimate.

    Args:
        in_channels: D of the input.
        out_channels: D of the output.
        width: D of the first level, doubled by each of the others.
        levels: how often every axis is halved, 1 to 8.
        ndim: 1, 2 or 3.

    Raises:
        RecipeError: a value outside of what is said above.
    """

    about = About(
        family="audio",
        paper="Stoller et al., ICASSP 2018",
        ndims=(1, 2, 3),
        references=(Reference(1, 2, 958_596, "f90/AdversarialAudioSeparation"),),
        thin={"width": 6, "levels": 2},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        width: int = 16,
        levels: int = 4,
        ndim: int = 2,
    ) -> None:
        super().__init__()
        if not 1 <= levels <= MAX_LEVELS or width < 1:
            raise RecipeError(
                f"adversarial_unet: levels={levels}, width={width}: expected 1 to {MAX_LEVELS} "
                f"levels and a positive width"
            )
        self.ndim = ndim
        widths = [width * 2**level for level in range(levels + 1)]
        self.pool = MAX_POOL[ndim](2)
        self.down = nn.ModuleList(
            _layer(CONV[ndim](*pair, 3))
            for pair in zip([in_channels, *widths], widths, strict=False)
        )
        self.up = nn.ModuleList()
        self.merge = nn.ModuleList()
        for d_fine, d_coarse in reversed(list(pairwise(widths))):
            self.up.append(_layer(TRANSPOSED_CONV[ndim](d_coarse, d_fine, 2, stride=2)))
            self.merge.append(_layer(CONV[ndim](2 * d_fine, d_fine, 3)))
        self.out = CONV[ndim](width + in_channels, out_channels, 1)
        self.apply(_start)
        # The task's last ReLU must not start where it is flat: the authors' zero bias can.
        nn.init.ones_(self.out.bias)  # type: ignore[arg-type]
        self.stride = 2**levels
        # Down and up again from the least bottom of 2 values: 3·2^k − 2 of them at each level
        # before its convolution takes 2, and 2 after each level on the way up.
        self.smallest = 6 * 2**levels - 2
        self.context = (self.smallest - 2) // 2

    def transform(self, features: Tensor) -> Tensor:
        whole = features
        skips: list[Tensor] = []
        for level, block in enumerate(self.down):
            features = block(features if level == 0 else self.pool(features))
            skips.append(features)
        features = skips.pop()
        for up, merge in zip(self.up, self.merge, strict=True):
            features = up(features)
            skip = centre_crop(skips.pop(), features.shape[2:])
            features = merge(concat(skip, features))
        out: Tensor = self.out(concat(centre_crop(whole, features.shape[2:]), features))
        return out


def _start(module: nn.Module) -> None:
    """Glorot's uniform start, as the code has it."""
    if isinstance(module, nn.modules.conv._ConvNd):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)  # type: ignore[arg-type]


def _layer(conv: nn.Module) -> nn.Sequential:
    return nn.Sequential(conv, nn.ReLU())
