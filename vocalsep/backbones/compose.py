"""Encoder, neck, decoder and heads as one network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import mul
from typing import Literal

from torch import Tensor, nn

from vocalsep.backbones.base import Backbone


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

    def forward(self, features: Tensor) -> list[Tensor]:
        out: list[Tensor] = []
        for down, block in zip(self.downs, self.blocks, strict=True):
            features = block(down(features))
            out.append(features)
        return out


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
    """

    def __init__(
        self,
        encoder: Encoder,
        decoder: nn.Module,
        head: nn.Module,
        auxiliary: Sequence[Auxiliary] = (),
    ) -> None:
        super().__init__()
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
