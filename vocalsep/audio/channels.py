"""Groups the channels of any layout into stereo pairs and single channels for a stereo model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vocalsep.audio._layouts import speakers
from vocalsep.types import Block

# Left and right of the same place, as FFmpeg names speakers.
_PAIRS = (
    *(("FL", "FR"), ("BL", "BR"), ("SL", "SR"), ("FLC", "FRC"), ("TFL", "TFR"), ("TBL", "TBR")),
    *(("TSL", "TSR"), ("WL", "WR"), ("SDL", "SDR"), ("BFL", "BFR"), ("DL", "DR")),
)
# Low-frequency effects carry no voice: what is in them stays in the residual.
_NO_VOICE = ("LFE", "LFE2")
# What players take six and eight channels for when a file does not say.
_GUESSED_LAYOUTS = {6: "5.1", 8: "7.1"}


@dataclass(frozen=True)
class ChannelGroups:
    """Which channels (C) go through the stereo model together; each group (G) is a pair or one.

    A channel in no group has no voice. A single channel is given to the model on both sides.
    """

    n_channels: int
    groups: tuple[tuple[int, ...], ...]

    def split(self, block: Block) -> Block:
        """Return (C, n) channels as (G, 2, n) stereo signals; singles are duplicated."""
        sides = [(group[0], group[-1]) for group in self.groups]
        return block[np.array(sides, dtype=np.intp).reshape(-1, 2)]  # (G, 2, n)

    def merge(self, voice: Block) -> Block:
        """Return (G, 2, n) estimates as (C, n); singles get the mean of their two sides.

        Channels in no group are zero.
        """
        merged = np.zeros((self.n_channels, voice.shape[-1]), voice.dtype)
        for estimate, group in zip(voice, self.groups, strict=True):
            merged[list(group)] = estimate if len(group) == 2 else estimate.mean(axis=0)
        return merged


def groups_for(n_channels: int, layout: str | None) -> ChannelGroups:
    """Group the channels of a layout: left with right by name, every other speaker alone.

    Six and eight channels without a layout are 5.1 and 7.1, as players take them; otherwise
    consecutive channels are pairs.

    Args:
        n_channels: C.
        layout: FFmpeg's layout name, e.g. "5.1"; None if unknown.

    >>> groups_for(6, "5.1").groups
    ((0, 1), (2,), (4, 5))
    >>> groups_for(3, None).groups
    ((0, 1), (2,))
    """
    layout = layout or _GUESSED_LAYOUTS.get(n_channels)
    names = speakers(layout) if layout else ()
    if len(names) != n_channels:
        consecutive = [tuple(range(n_channels))[i : i + 2] for i in range(0, n_channels, 2)]
        return ChannelGroups(n_channels, tuple(consecutive))
    partner = {left: right for left, right in _PAIRS if left in names and right in names}
    rights = set(partner.values())
    groups: list[tuple[int, ...]] = []
    for index, name in enumerate(names):
        if name in partner:
            groups.append((index, names.index(partner[name])))
        elif name not in rights and name not in _NO_VOICE:
            groups.append((index,))
    return ChannelGroups(n_channels, tuple(groups))
