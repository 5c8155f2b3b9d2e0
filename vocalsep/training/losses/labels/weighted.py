"""Cross-entropy whose weights depend on where a pixel lies, or on how well its class is found."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from vocalsep.data.pictures.codes import IGNORE
from vocalsep.training.losses.labels.base import (
    LABEL_LOSSES,
    N_LABELS,
    ClassWeights,
    PixelLoss,
    class_masks,
)
from vocalsep.training.losses.labels.components import components
from vocalsep.training.losses.labels.distance import distances_to
from vocalsep.training.losses.labels.pixels import log_losses
from vocalsep.training.losses.labels.regions import TINY, Regions, soft_iou

LEAST_IOU = 0.01


@LABEL_LOSSES.register("unet_border")
class UNetBorder(PixelLoss):
    """Cross-entropy with more weight on the gaps between neighbouring cells.

    w = w_y + w₀·exp(−(d₁ + d₂)² / 2σ²) with the distances d₁, d₂ from the nearest two cells: the
    connected parts of each class but the background, class 0, on which alone the second term
    counts. Mean of w·ℓ over pixels. Takes one distance transform for each cell. Source:
    Ronneberger, Fischer, Brox (MICCAI 2015).

    Args:
        class_weights: w_y; none: all 1.
        peak: w₀.
        width: σ, in pixels or in the unit of `sampling`.
        sampling: distance between neighbours along each axis; none: 1 each.
    """

    def __init__(
        self,
        class_weights: Sequence[float] = (),
        peak: float = 10.0,
        width: float = 5.0,
        sampling: Sequence[float] = (),
    ) -> None:
        if width <= 0:
            raise ValueError(f"width={width}: expected more than 0")
        self.class_weights = ClassWeights(class_weights)
        self.peak, self.width, self.sampling = peak, width, sampling

    def errors(self, logits: Tensor, labels: Tensor) -> Tensor:
        self.class_weights.of_classes(logits)  # one for every class?
        return self.weights(labels, logits.shape[1]) * log_losses(logits, labels)

    def weights(self, labels: Tensor, n_classes: int) -> Tensor:
        """(B, *S) float32: w."""
        cells = components(class_masks(labels, n_classes)[:, 1:])
        ways = torch.stack([self._way_between(picture) for picture in cells])
        gaps = self.peak * torch.exp(-ways.square() / (2 * self.width**2))
        return self.class_weights.of_pixels(labels) + gaps * (labels == 0)

    def _way_between(self, cells: Tensor) -> Tensor:
        """(*S): d₁ + d₂ of the cells (K − 1, *S) of one picture."""
        nearest = torch.full((2, *cells.shape[1:]), torch.inf, device=cells.device)
        for of_class in cells:
            for number in of_class.unique().tolist():
                if number:
                    found = distances_to((of_class == number)[None, None], self.sampling)[0]
                    nearest = torch.cat([nearest, found]).sort(dim=0).values[:2]
        return nearest.sum(0)


@LABEL_LOSSES.register("distance_penalised")
class DistancePenalised(PixelLoss):
    """Cross-entropy weighed by 1 + Φ, Φ from 1 at the boundary of a class to 0 at its heart.

    Φ = (max D − D) / (max D − min D) with the distance D from the nearest pixel of another class,
    extrema over the pixels of the same class of the same image; 0 where all are as far. Mean of
    (1 + Φ)·ℓ over pixels. Source: Caliva et al., "Distance map loss penalty term for semantic
    segmentation" (MIDL 2019).

    Args:
        sampling: distance between neighbours along each axis; none: 1 each.
    """

    def __init__(self, sampling: Sequence[float] = ()) -> None:
        self.sampling = sampling

    def errors(self, logits: Tensor, labels: Tensor) -> Tensor:
        return self.weights(labels, logits.shape[1]) * log_losses(logits, labels)

    def weights(self, labels: Tensor, n_classes: int) -> Tensor:
        """(B, *S) float32: 1 + Φ."""
        masks = class_masks(labels, n_classes)
        others = ~masks & (labels != IGNORE)[:, None]
        depths = distances_to(others, self.sampling).masked_fill(~masks, 0)
        depths.masked_fill_(depths.isinf(), 0)  # a class alone has no boundary
        axes = tuple(range(2, depths.ndim))
        shallowness = (depths.amax(axes, keepdim=True) - depths) * masks
        most = shallowness.amax(axes, keepdim=True)
        return 1 + (shallowness / most.clamp_min(1e-6)).sum(1)


@LABEL_LOSSES.register("iou_balanced")
class IoUBalanced(PixelLoss):
    """Cross-entropy with more weight on classes that are found well already.

    w = u^η·Σℓ / Σ(u^η·ℓ) over the pixels of an image, so the sum of the losses stays. IoU-balanced
    classification (Wu et al., arXiv 1908.05641) weighs boxes by their overlap u with the truth;
    of pixels, u is the soft IoU of the pixel's class in the image, 0.01 at least so that a class
    that is not found at all is still learned. No gradient through w.

    Args:
        eta: η.
    """

    def __init__(self, eta: float = 1.5) -> None:
        self.eta = eta

    def errors(self, logits: Tensor, labels: Tensor) -> Tensor:
        losses = log_losses(logits, labels)
        return self.weights(logits.detach(), labels, losses.detach()) * losses

    def weights(self, logits: Tensor, labels: Tensor, losses: Tensor) -> Tensor:
        """(B, *S): w."""
        overlaps = soft_iou(Regions.of(logits, labels)).clamp_min(LEAST_IOU)  # (B, K)
        table = F.pad(overlaps**self.eta, (0, N_LABELS - overlaps.shape[1]))
        of_pixels = table.gather(1, labels.flatten(1)).reshape(labels.shape)
        whole, balanced = (each.flatten(1).sum(1) for each in (losses, of_pixels * losses))
        scale = whole / balanced.clamp_min(TINY)
        return of_pixels * scale.reshape(-1, *(1,) * (labels.ndim - 1))
