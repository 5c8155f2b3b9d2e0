"""What every loss of labels promises, and the two kinds there are: of pixels and of images."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor

from vocalsep.data.pictures.codes import IGNORE
from vocalsep.errors import RecipeError
from vocalsep.recipe import Part
from vocalsep.registry import Registry

N_LABELS = 256


class LabelLoss(Protocol):
    """A loss of T terms, Σ total / weight, over class scores of pictures or volumes.

    Total and weight are sums over pixels or over images, so both may be collected over pieces of a
    batch and over processes before they are divided: the loss of a batch does not depend on how
    it is cut up.
    """

    def total(self, logits: Tensor, labels: Tensor) -> Tensor:
        """(T,) sums of errors.

        Args:
            logits: (B, K, *S) class scores, any floating type.
            labels: (B, *S) int64, the class of every pixel or `IGNORE`.
        """

    def weight(self, labels: Tensor) -> Tensor:
        """(T,) what the sums are divided by."""


LABEL_LOSSES: Registry[Callable[..., LabelLoss]] = Registry("loss of labels")


def build_label_loss(part: Part) -> LabelLoss:
    """The loss of a recipe.

    Raises:
        RecipeError: unknown, or it refuses its parameters.
    """
    loss: LabelLoss = LABEL_LOSSES.build(part.name, part.params)
    return loss


class MeanLoss(ABC):
    """A loss that is a mean: one term. In float32 at least, whatever the network computes in."""

    @abstractmethod
    def sum_of_errors(self, logits: Tensor, labels: Tensor) -> Tensor:
        """() over everything that counts, of logits in float32 or float64."""

    @abstractmethod
    def count(self, labels: Tensor) -> Tensor:
        """() how much counts."""

    def total(self, logits: Tensor, labels: Tensor) -> Tensor:
        """See `LabelLoss`."""
        with torch.autocast(logits.device.type, enabled=False):
            precise = logits if logits.dtype == torch.float64 else logits.float()
            return self.sum_of_errors(precise, labels).reshape(1)

    def weight(self, labels: Tensor) -> Tensor:
        """See `LabelLoss`."""
        return self.count(labels).float().reshape(1)


class PixelLoss(MeanLoss):
    """A mean over all pixels that count."""

    @abstractmethod
    def errors(self, logits: Tensor, labels: Tensor) -> Tensor:
        """(B, *S), whatever where a pixel does not count."""

    def sum_of_errors(self, logits: Tensor, labels: Tensor) -> Tensor:
        return self.errors(logits, labels).masked_fill(labels == IGNORE, 0).sum()

    def count(self, labels: Tensor) -> Tensor:
        return (labels != IGNORE).sum()


class ImageLoss(MeanLoss):
    """A mean over the images: each counts the same, but those of which nothing is known."""

    @abstractmethod
    def errors(self, logits: Tensor, labels: Tensor) -> Tensor:
        """(B,), finite even where an image does not count."""

    def images(self, labels: Tensor) -> Tensor:
        """(B,) bool: which count."""
        return (labels != IGNORE).flatten(1).any(1)

    def sum_of_errors(self, logits: Tensor, labels: Tensor) -> Tensor:
        return self.errors(logits, labels).masked_fill(~self.images(labels), 0).sum()

    def count(self, labels: Tensor) -> Tensor:
        return self.images(labels).sum()


class ClassWeights:
    """How much each class counts.

    Args:
        weights: one a class; none: all the same.
    """

    def __init__(self, weights: Sequence[float] = ()) -> None:
        if any(weight < 0 for weight in weights):
            raise ValueError(f"class weights {list(weights)}: expected none below 0")
        self.weights = tuple(map(float, weights))

    def of_classes(self, logits: Tensor) -> Tensor | None:
        """(K,), or None where all count the same.

        Raises:
            RecipeError: more or fewer weights than classes.
        """
        if not self.weights:
            return None
        if len(self.weights) != logits.shape[1]:
            raise RecipeError(
                f"training.loss: {len(self.weights)} class weights for {logits.shape[1]} classes: "
                f"expected one each"
            )
        return logits.new_tensor(self.weights)

    def of_pixels(self, labels: Tensor) -> Tensor:
        """(B, *S) float32: the weight of each pixel's class, 0 where it does not count."""
        table = torch.zeros(N_LABELS, device=labels.device)
        table[: len(self.weights) or N_LABELS] = table.new_tensor(self.weights or 1.0)
        table[IGNORE] = 0
        return table[labels]


def class_masks(labels: Tensor, n_classes: int) -> Tensor:
    """(B, K, *S) bool: where each class is. Of one class, that is where the label is 1."""
    classes = torch.arange(n_classes, device=labels.device) if n_classes > 1 else labels.new_ones(1)
    return labels[:, None] == classes.reshape(-1, *(1,) * (labels.ndim - 1))
