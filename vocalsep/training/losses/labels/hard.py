"""Losses of the pixels that are hardest."""

from __future__ import annotations

from math import log

import torch
from torch import Tensor

from vocalsep.data.pictures.codes import IGNORE
from vocalsep.training.losses.labels.base import LABEL_LOSSES, ImageLoss, MeanLoss
from vocalsep.training.losses.labels.pixels import log_losses


def hardest_first(logits: Tensor, labels: Tensor) -> Tensor:
    """(B, N): the log losses of every image in descending order, −1 for what does not count."""
    losses = log_losses(logits, labels).masked_fill(labels == IGNORE, -1)
    return losses.flatten(1).sort(dim=1, descending=True).values


@LABEL_LOSSES.register("top_k")
class TopK(MeanLoss):
    """Cross-entropy of the k % of each image's pixels where it is largest, mean over those.

    Args:
        percent: k, rounded down to whole pixels, at least one.
    """

    def __init__(self, percent: float = 10.0) -> None:
        if not 0 < percent <= 100:
            raise ValueError(f"percent={percent}: expected more than 0, at most 100")
        self.percent = percent

    def sum_of_errors(self, logits: Tensor, labels: Tensor) -> Tensor:
        losses = hardest_first(logits, labels)
        rank = torch.arange(losses.shape[1], device=losses.device)
        return losses.masked_fill(rank >= self._n_kept(labels)[:, None], 0).sum()

    def count(self, labels: Tensor) -> Tensor:
        return self._n_kept(labels).sum()

    def _n_kept(self, labels: Tensor) -> Tensor:
        """(B,) pixels of each image."""
        known = (labels != IGNORE).flatten(1).sum(1)
        return (known * self.percent / 100).floor().long().clamp_min(1).minimum(known)


@LABEL_LOSSES.register("ohem")
class OHEM(ImageLoss):
    """Online hard example mining: cross-entropy of pixels whose class is not yet sure.

    Kept are pixels with P_y ≤ threshold, and at least the `min_kept` hardest of each image; the
    mean over those is the image's loss. The threshold is from Shrivastava et al. (CVPR 2016) as
    used for segmentation since Wu et al. (arXiv 1605.06885).

    Args:
        threshold: of the probability of the pixel's class.
        min_kept: pixels an image.
    """

    def __init__(self, threshold: float = 0.7, min_kept: int = 100_000) -> None:
        if not 0 < threshold <= 1:
            raise ValueError(f"threshold={threshold}: expected more than 0, at most 1")
        if min_kept < 1:
            raise ValueError(f"min_kept={min_kept}: expected at least 1")
        self.threshold = threshold
        self.min_kept = min_kept

    def errors(self, logits: Tensor, labels: Tensor) -> Tensor:
        losses = hardest_first(logits, labels)
        known = (labels != IGNORE).flatten(1).sum(1, keepdim=True)
        last = losses.gather(1, (known.clamp_max(self.min_kept) - 1).clamp_min(0))
        kept = losses >= last.detach().clamp(0, -log(self.threshold))
        return (losses * kept).sum(1) / kept.sum(1).clamp_min(1)
