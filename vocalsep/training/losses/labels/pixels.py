"""Losses that are means over pixels."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from vocalsep.data.pictures.codes import IGNORE
from vocalsep.training.losses.labels.base import (
    LABEL_LOSSES,
    ClassWeights,
    MeanLoss,
    PixelLoss,
    class_masks,
)


def log_losses(logits: Tensor, labels: Tensor) -> Tensor:
    """(B, *S): −log P_y of the softmax P, for the class y of every pixel; 0 where none is known."""
    return F.cross_entropy(logits, labels, ignore_index=IGNORE, reduction="none")


@LABEL_LOSSES.register("cross_entropy")
class CrossEntropy(MeanLoss):
    """−log P_y, mean over pixels: Σ w_y·ℓ / Σ w_y, which is what torch calls weighted.

    Smoothed by ε, the target of a pixel is 1 − ε + ε/K at its class and ε/K elsewhere (Szegedy et
    al., CVPR 2016).

    Args:
        class_weights: w of every class; none: all 1.
        label_smoothing: ε, 0 … 1.
    """

    def __init__(self, class_weights: Sequence[float] = (), label_smoothing: float = 0.0) -> None:
        if not 0 <= label_smoothing <= 1:
            raise ValueError(f"label_smoothing={label_smoothing}: expected 0 to 1")
        self.class_weights = ClassWeights(class_weights)
        self.label_smoothing = label_smoothing

    def sum_of_errors(self, logits: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(
            logits,
            labels,
            self.class_weights.of_classes(logits),
            ignore_index=IGNORE,
            label_smoothing=self.label_smoothing,
            reduction="sum",
        )

    def count(self, labels: Tensor) -> Tensor:
        return self.class_weights.of_pixels(labels).sum()


@LABEL_LOSSES.register("focal")
class Focal(PixelLoss):
    """a_y·(1 − P_y)^γ·(−log P_y), mean over pixels: what is right already counts little.

    P is the softmax over the classes, and the sum over classes has one term a pixel; libraries
    that take the mean over the K classes too give a K-th of this. Of two classes it is the binary
    focal loss. Source: Lin et al., ICCV 2017.

    Args:
        gamma: γ; 0 is cross-entropy.
        alpha: a of every class; none: all 1. It does not divide, as class weights do.
    """

    def __init__(self, gamma: float = 2.0, alpha: Sequence[float] = ()) -> None:
        if gamma != 0 and gamma < 1:
            raise ValueError(f"gamma={gamma}: expected 0 or at least 1")  # else infinite slopes
        self.gamma = gamma
        self.alpha = ClassWeights(alpha)

    def errors(self, logits: Tensor, labels: Tensor) -> Tensor:
        self.alpha.of_classes(logits)  # one for every class?
        losses = log_losses(logits, labels)
        return self.alpha.of_pixels(labels) * (-torch.expm1(-losses)) ** self.gamma * losses


@LABEL_LOSSES.register("sigmoid_cross_entropy")
class SigmoidCrossEntropy(PixelLoss):
    """Every class against the rest: binary cross-entropy of K sigmoids, mean over classes.

    One logit alone (K = 1) is that of class 1.

    Args:
        positive_weight: how much more a pixel counts for its own class than for another.
    """

    def __init__(self, positive_weight: float = 1.0) -> None:
        self.positive_weight = positive_weight

    def errors(self, logits: Tensor, labels: Tensor) -> Tensor:
        targets = class_masks(labels, logits.shape[1]).to(logits.dtype)
        weight = logits.new_tensor(self.positive_weight)
        return F.binary_cross_entropy_with_logits(
            logits, targets, pos_weight=weight, reduction="none"
        ).mean(1)
