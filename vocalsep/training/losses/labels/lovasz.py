"""The Lovász extension of the Jaccard loss: exact at hard regions, convex between them."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from vocalsep.data.pictures.codes import IGNORE
from vocalsep.training.losses.labels.base import LABEL_LOSSES, ImageLoss, class_masks
from vocalsep.training.losses.labels.regions import RegionLoss, Regions


def lovasz_extension(errors: Tensor, true: Tensor) -> Tensor:
    """Σ of the errors in descending order, each times the Jaccard loss that it adds.

    Source: Berman, Triki, Blaschko, "The Lovász-Softmax loss" (CVPR 2018), algorithm 1.

    Args:
        errors: (B, K, N), at least 0; exactly 0 where nothing is known.
        true: (B, K, N) 0 or 1; 0 where nothing is known.

    Returns:
        (B, K)
    """
    ordered, order = errors.sort(dim=-1, descending=True)
    hits = true.gather(-1, order)
    size = hits.sum(-1, keepdim=True)
    left = size - hits.cumsum(-1)
    union = size + (1 - hits).cumsum(-1)
    jaccard = 1 - left / union
    added = jaccard.diff(dim=-1, prepend=torch.zeros_like(size))
    return (ordered * added).sum(-1)


@LABEL_LOSSES.register("lovasz_softmax")
class LovaszSoftmax(RegionLoss):
    """Lovász extension of errors |g − P|, mean over the classes that an image has.

    Args:
        include_background: whether class 0 counts.
    """

    def of_classes(self, regions: Regions) -> Tensor:
        return lovasz_extension((regions.true - regions.soft).abs(), regions.true)


@LABEL_LOSSES.register("lovasz_hinge")
class LovaszHinge(ImageLoss):
    """Lovász extension of max(0, 1 − z·(2g − 1)): every class against the rest, mean over classes.

    z is the logit of the class, without a softmax, so it counts in images that lack the class
    too. One logit alone (K = 1) is that of class 1.
    """

    def errors(self, logits: Tensor, labels: Tensor) -> Tensor:
        true = class_masks(labels, logits.shape[1]).flatten(2).to(logits.dtype)
        hinges = F.relu(1 - logits.flatten(2) * (2 * true - 1))
        known = (labels != IGNORE)[:, None].flatten(2)
        return lovasz_extension(hinges * known, true).mean(1)
