"""From the features of an encoder to those of its finest level."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn


class TopDown(nn.Module):
    """Climb from the coarsest level to the finest: upsample, merge the skip, block.

    All three lists go from the coarsest step to the finest, one entry a step.

    Args:
        ups: called with (features, size).
        merges: called with (features, skip).
        blocks: called with the merged features.
        crop_skips: sizes double exactly and merges crop the skip (convolutions without padding);
            else features are brought to the skip's size.
    """

    def __init__(
        self,
        ups: Sequence[nn.Module],
        merges: Sequence[nn.Module],
        blocks: Sequence[nn.Module],
        crop_skips: bool = False,
    ) -> None:
        super().__init__()
        self.ups = nn.ModuleList(ups)
        self.merges = nn.ModuleList(merges)
        self.blocks = nn.ModuleList(blocks)
        self.crop_skips = crop_skips

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        """Encoder features and the decoder's, both from the finest level to the coarsest."""
        *skips, out = features
        outs = [out]
        for up, merge, block in zip(self.ups, self.merges, self.blocks, strict=True):
            skip = skips.pop()
            size = [2 * n for n in out.shape[2:]] if self.crop_skips else list(skip.shape[2:])
            out = block(merge(up(out, size), skip))
            outs.append(out)
        return outs[::-1]
