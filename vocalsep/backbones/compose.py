"""Encoder, neck, decoder and heads as one network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from operator import mul
from typing import Literal

from torch import Tensor, nn

from vocalsep.backbones.base import Backbone
from vocalsep.backbones.parts.decoders import TopDown
from vocalsep.backbones.parts.down import max_pool
from vocalsep.backbones.parts.merge import Concat, Joined
from vocalsep.recipe.part import check

MAX_LEVELS = 12  # every level doubles what an input is padded to
PairToModule = Callable[[tuple[int, int]], nn.Module]  # (D_in, D_out) -> a part


class Encoder(nn.Module):
    """From the input to one feature a level, from the finest to the coarsest.

    Attributes:
        channels: D of each feature.
        strides: down-sampling of each feature against the input.
    """

    channels: tuple[int, ...]
    strides: tuple[int, ...]

    def forward(self, features: Tensor) -> list[Tensor]:
        """(B, D_in, *size) -> [(B, channels[k], *(size / strides[k])) for each level k]."""
        raise NotImplementedError


class Stack(Encoder):
    """An encoder of blocks with something that makes features smaller before all but the first.

    Args:
        blocks: one a level, from the finest to the coarsest.
        downs: one between two levels; an identity where the block itself has the stride.
        channels: D after each block.
        factors: by how much each of `downs` (with its block) divides the size; 2 by default.
    """

    def __init__(
        self,
        blocks: Sequence[nn.Module],
        downs: Sequence[nn.Module],
        channels: Sequence[int],
        factors: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.downs = nn.ModuleList([nn.Identity(), *downs])
        self.channels = tuple(channels)
        self.strides = tuple(accumulate([1, *(factors or [2] * len(downs))], mul))

    def forward(self, features: Tensor, n_levels: int | None = None) -> list[Tensor]:
        """The features of all levels, or of the finest `n_levels`."""
        out: list[Tensor] = []
        for down, block in list(zip(self.downs, self.blocks, strict=True))[:n_levels]:
            features = block(down(features))
            out.append(features)
        return out


def pooled_stack(ndim: int, in_channels: int, widths: Sequence[int], block: PairToModule) -> Stack:
    """The encoder of most U-Nets: one block a level, the maximum of 2×2 cells between levels.

    Raises:
        RecipeError: fewer than two levels, more than 12, or a width below 1.
    """
    check_widths(widths)
    blocks = [block(pair) for pair in pairwise([in_channels, *widths])]
    return Stack(blocks, [max_pool(ndim) for _ in widths[1:]], widths)


def u_decoder(
    widths: Sequence[int],
    up: PairToModule,
    block: PairToModule,
    merge: Callable[[int], nn.Module] = lambda width: Concat(),
) -> TopDown:
    """The decoder of most U-Nets: upsample to the skip's width, concatenate both, block.

    Args:
        widths: D of the encoder's features, from the finest to the coarsest.
        up: (D of the coarser level, D of the skip) -> upsampler.
        block: (twice D of the skip, D of the skip) -> block.
        merge: D of the skip -> what joins upsampled features and skip.
    """
    steps = list(pairwise(widths))[::-1]
    return TopDown(
        [up((coarse, fine)) for fine, coarse in steps],
        [merge(fine) for fine, _ in steps],
        [block((Joined(fine, fine), fine)) for fine, _ in steps],
    )


def check_widths(widths: Sequence[int], least: int = 2) -> None:
    """Refuse impossible widths of levels.

    Raises:
        RecipeError: fewer levels than `least`, more than `MAX_LEVELS`, or a width below 1.
    """
    fits = least <= len(widths) <= MAX_LEVELS and all(width >= 1 for width in widths)
    check("widths", list(widths), fits, f"{least} to {MAX_LEVELS} numbers of channels, 1 or more")


@dataclass(frozen=True)
class Auxiliary:
    """A second output that is supervised in training only.

    Attributes:
        source: whose feature it reads; both count from the finest level.
        index: of the feature.
        weight: in the loss; the logits themselves have 1.
        head: (B, D, *size) -> (B, D_out, *size).
    """

    source: Literal["encoder", "decoder"]
    index: int
    weight: float
    head: nn.Module


class EncoderDecoder(Backbone):
    """input → encoder → decoder → head, and auxiliary heads in training.

    Args:
        encoder: input -> features, from the finest level to the coarsest.
        decoder: those features -> features, from the finest level to the coarsest; a neck is a
            part of it (`nn.Sequential(neck, decoder)`).
        head: the finest of them -> logits.
        auxiliary: further heads.
        ndim: 1, 2 or 3.
    """

    def __init__(
        self,
        encoder: Encoder,
        decoder: nn.Module,
        head: nn.Module,
        auxiliary: Sequence[Auxiliary] = (),
        ndim: int = 2,
    ) -> None:
        super().__init__()
        self.ndim = ndim
        self.encoder = encoder
        self.decoder = decoder
        self.head = head
        self.stride = encoder.strides[-1]
        self.auxiliary_heads = nn.ModuleList(each.head for each in auxiliary)
        self.auxiliary_sources = [(each.source, each.index) for each in auxiliary]
        self.auxiliary_weights = tuple(each.weight for each in auxiliary)

    def transform(self, features: Tensor) -> Tensor:
        out: Tensor = self.head(self.decoder(self.encoder(features))[0])
        return out

    def transform_all(self, features: Tensor) -> list[Tensor]:
        found = {"encoder": self.encoder(features)}
        found["decoder"] = self.decoder(found["encoder"])
        outputs = [self.head(found["decoder"][0])]
        for (source, index), head in zip(self.auxiliary_sources, self.auxiliary_heads, strict=True):
            outputs.append(head(found[source][index]))
        return outputs
