"""TFC-TDF, third version: norm and activation first, frequency in subbands (MDX23C)."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from torch import Tensor, nn

from vocalsep.backbones.base import BACKBONES, About, Backbone, Reference
from vocalsep.backbones.compose import Stack, u_decoder
from vocalsep.backbones.parts.layers import CONV, activation, conv, norm
from vocalsep.backbones.parts.merge import concat
from vocalsep.backbones.parts.up import Transposed
from vocalsep.recipe.part import check


@BACKBONES.register("tfc_tdf_v3")
class TFCTDFv3(Backbone):
    """Subbands become channels; residual blocks around F -> F/4 -> F; the input is heard again.

    What the decoder makes is multiplied with the first convolution of the input and joined with
    the input itself before the last two 1×1 convolutions.

    Source: Kim, Lee & Jung, "Sound Demixing Challenge 2023 Music Demixing Track Technical Report:
    TFC-TDF-UNet v3", 2023.

    Args:
        in_channels: D of the input.
        out_channels: D of the output.
        n_bins: frequency bins of the input.
        width: D of the finest level, and by how much each coarser one has more.
        n_levels: times that the size is halved.
        n_blocks: blocks of each level.
        n_subbands: neighbouring bands of frequency that are treated alike, as channels.
        bottleneck: by how much the inner dense layer is narrower.
        norm: name of a norm.
        act: name of an activation.
    """

    about = About(
        family="audio",
        paper="Kim et al., 2023",
        ndims=(2,),
        references=(
            Reference(4, 8, 111_990_272, "kuielab/sdx23, 2 stems", {"n_bins": 4096}),
            Reference(4, 4, 111_988_224, "kuielab/sdx23, 1 stem", {"n_bins": 4096}),
            Reference(4, 16, 111_994_368, "kuielab/sdx23, 4 stems", {"n_bins": 4096}),
        ),
        thin={"width": 4, "n_levels": 2, "n_blocks": 1, "n_subbands": 2},
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        n_bins: int,
        width: int = 128,
        n_levels: int = 5,
        n_blocks: int = 2,
        n_subbands: int = 4,
        bottleneck: int = 4,
        norm: str = "instance",
        act: str = "gelu",
    ) -> None:
        super().__init__()
        check("n_bins", n_bins, n_bins >= 1, "1 or more")
        check("bottleneck", bottleneck, bottleneck >= 1, "1 or more")
        check("n_levels", n_levels, 1 <= n_levels <= 8, "1 to 8")
        check("n_subbands", n_subbands, n_subbands >= 1, "1 or more")
        scale = 2**n_levels
        self.n_bins = n_bins
        self.stride = (scale * n_subbands, scale)
        # Instance norm needs more than one value at the coarsest level.
        self.least = 2 * scale if norm == "instance" else 1
        self.n_subbands = n_subbands
        multiple = scale * n_subbands
        finest = -(-max(n_bins, self.least) // multiple) * multiple // n_subbands
        widths = [width * (level + 1) for level in range(n_levels + 1)]
        d_in = in_channels * n_subbands
        level_of = {d: level for level, d in enumerate(widths)}
        started = partial(start, norm, act)

        def block(channels: tuple[int, int]) -> nn.Module:
            n = finest // 2 ** level_of[channels[1]]
            dims = (n, max(1, n // bottleneck))
            rest = [Block(norm, act, (channels[1], channels[1]), dims) for _ in range(n_blocks - 1)]
            return nn.Sequential(Block(norm, act, channels, dims), *rest)

        def down(pair: tuple[int, int]) -> nn.Module:
            return nn.Sequential(*started(pair[0]), CONV[2](*pair, 2, stride=2, bias=False))

        self.first = conv(2, (d_in, width), 1, bias=False)
        self.encoder = Stack(
            [block((d, d)) for d in widths], [down(pair) for pair in pairwise(widths)], widths
        )
        self.decoder = u_decoder(widths, partial(StartedUp, norm, act), block)
        self.head = nn.Sequential(
            conv(2, (width + d_in, width), 1, bias=False),
            activation(act),
            conv(2, (width, out_channels * n_subbands), 1, bias=False),
        )

    def transform(self, features: Tensor) -> Tensor:
        mixture = features.unflatten(2, (self.n_subbands, -1)).flatten(1, 2)
        first = self.first(mixture)
        out = self.decoder(self.encoder(first.transpose(2, 3)))[0].transpose(2, 3)
        logits: Tensor = self.head(concat(mixture, out * first))
        whole: Tensor = logits.unflatten(1, (-1, self.n_subbands)).flatten(2, 3)
        return whole


def start(norm_name: str, act: str, channels: int) -> list[nn.Module]:
    """Norm and activation, in front of what follows."""
    return [norm(norm_name, 2, channels), activation(act)]


class StartedUp(Transposed):
    """Norm, activation, transposed convolution."""

    def __init__(self, norm_name: str, act: str, channels: tuple[int, int]) -> None:
        super().__init__(2, channels, bias=False)
        self.conv = nn.Sequential(*start(norm_name, act, channels[0]), self.conv)


class Block(nn.Module):
    """3×3, plus dense layers over frequency, 3×3; plus a 1×1 shortcut around all of it."""

    def __init__(
        self, norm_name: str, act: str, channels: tuple[int, int], bins: tuple[int, int]
    ) -> None:
        super().__init__()
        d_in, d = channels
        n_bins, n_inner = bins
        started = partial(start, norm_name, act)
        self.enter = nn.Sequential(*started(d_in), conv(2, channels, 3, bias=False))
        self.over_frequency = nn.Sequential(
            *started(d),
            nn.Linear(n_bins, n_inner, bias=False),
            *started(d),
            nn.Linear(n_inner, n_bins, bias=False),
        )
        self.leave = nn.Sequential(*started(d), conv(2, (d, d), 3, bias=False))
        self.shortcut = conv(2, channels, 1, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        out = self.enter(features)
        result: Tensor = self.leave(out + self.over_frequency(out)) + self.shortcut(features)
        return result
