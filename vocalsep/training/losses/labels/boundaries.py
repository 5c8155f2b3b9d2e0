"""Losses of boundaries: where a region ends, and how far off that is."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from vocalsep.data.pictures.codes import IGNORE
from vocalsep.training.losses.labels.base import (
    LABEL_LOSSES,
    ImageLoss,
    MeanLoss,
    PixelLoss,
    class_masks,
)
from vocalsep.training.losses.labels.distance import distances_across


@LABEL_LOSSES.register("boundary")
class Boundary(PixelLoss):
    """P·φ, mean over pixels and classes; φ is the distance to the true boundary.

    Outside φ is the distance from the nearest pixel of the class; inside it is 1 less than the
    distance from the nearest pixel outside, and negative. It is 0 for a class without a boundary.
    The loss can be below 0 and is flat far from a solution: add it to a region loss, as in
    `weighted_sum` of generalised_dice and boundary. Its source raises its weight from 0.01 to 1
    over the epochs; a constant weight of about 0.01 to 0.1 is the authors' other proposal.
    Source: Kervadec et al. (MIDL 2019).

    Args:
        include_background: whether class 0 counts.
        sampling: distance between neighbours along each axis; none: 1 each.
    """

    def __init__(self, include_background: bool = True, sampling: Sequence[float] = ()) -> None:
        self.first = 0 if include_background else 1
        self.sampling = sampling

    def errors(self, logits: Tensor, labels: Tensor) -> Tensor:
        masks = class_masks(labels, logits.shape[1])[:, self.first :]
        across = distances_across(masks, (labels != IGNORE)[:, None], self.sampling)
        signed = across.where(~masks, (1 - across).clamp_max(0))
        return (logits.softmax(1)[:, self.first :] * signed).mean(1)


class ErrorLoss(ImageLoss):
    """A loss of the squared errors (P − g)² of every class of every image.

    Args:
        include_background: whether class 0 counts.
    """

    def __init__(self, include_background: bool = True) -> None:
        self.first = 0 if include_background else 1

    def squares(self, logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What P takes for each class and what is it, (B, K', *S) bool, and the squared errors.

        All are False or 0 where nothing is known.
        """
        known = (labels != IGNORE)[:, None]
        soft = logits.softmax(1)[:, self.first :]
        true = class_masks(labels, logits.shape[1])[:, self.first :]
        return (soft > 0.5) & known, true, (soft - true.to(soft.dtype)).square() * known


def mean_of_known(values: Tensor, labels: Tensor) -> Tensor:
    """(B, K): the mean over the known pixels of values (B, K, *S) that are 0 elsewhere."""
    known = (labels != IGNORE).flatten(1).sum(1, keepdim=True)
    return values.flatten(2).sum(2) / known.clamp_min(1)


@LABEL_LOSSES.register("hausdorff_dt")
class HausdorffDT(ErrorLoss):
    """(P − g)²·(D_p^α + D_g^α), mean over pixels, then over classes and images.

    D_g and D_p are the distances from the boundaries of the true region and of P > ½; no gradient
    through them. Source: Karimi, Salcudean (IEEE TMI 2020).

    Args:
        alpha: α, how much more far errors count.
        log: take log(1 + loss) of every class of every image.
        include_background: whether class 0 counts.
        sampling: distance between neighbours along each axis; none: 1 each.
    """

    def __init__(
        self,
        alpha: float = 2.0,
        log: bool = False,
        include_background: bool = True,
        sampling: Sequence[float] = (),
    ) -> None:
        super().__init__(include_background)
        self.alpha, self.log, self.sampling = alpha, log, sampling

    def errors(self, logits: Tensor, labels: Tensor) -> Tensor:
        known = (labels != IGNORE)[:, None]
        taken, true, squares = self.squares(logits, labels)
        far = sum(
            distances_across(masks, known, self.sampling) ** self.alpha for masks in (taken, true)
        )
        losses = mean_of_known(squares * far, labels)
        return (losses.log1p() if self.log else losses).mean(1)


@LABEL_LOSSES.register("hausdorff_er")
class HausdorffER(ErrorLoss):
    """Squared errors that survive erosion: Σ_k k^α·(k times eroded (P − g)²), means as above.

    An erosion is the mean over a pixel and its nearest neighbours less ½, not below 0, stretched
    to 0 … 1: the thicker a wrong region, the more erosions it survives. Source: Karimi,
    Salcudean (IEEE TMI 2020), here with its gradient.

    Args:
        alpha: α.
        n_erosions: how often.
        include_background: whether class 0 counts.
    """

    def __init__(
        self, alpha: float = 2.0, n_erosions: int = 10, include_background: bool = True
    ) -> None:
        super().__init__(include_background)
        if n_erosions < 1:
            raise ValueError(f"n_erosions={n_erosions}: expected at least 1")
        self.alpha, self.n_erosions = alpha, n_erosions

    def errors(self, logits: Tensor, labels: Tensor) -> Tensor:
        _, _, left = self.squares(logits, labels)
        known = (labels != IGNORE)[:, None]
        whole = torch.zeros_like(left)
        for k in range(1, self.n_erosions + 1):
            left = stretched(eroded(left) * known, known)
            whole = whole + k**self.alpha * left
        return mean_of_known(whole, labels).mean(1)


def eroded(values: Tensor) -> Tensor:
    """The mean over each pixel and its neighbours along the axes, 0 beyond the edge, less ½."""
    around, n_axes = values, values.ndim - 2
    for axis in range(2, values.ndim):
        edge = torch.zeros_like(values.narrow(axis, 0, 1))
        wide = torch.cat([edge, values, edge], axis)
        n = values.shape[axis]
        around = around + wide.narrow(axis, 0, n) + wide.narrow(axis, 2, n)
    return (around / (2 * n_axes + 1) - 0.5).relu()


def stretched(values: Tensor, known: Tensor) -> Tensor:
    """Values of every class of every image to 0 … 1; constant ones as they are."""
    axes = tuple(range(2, values.ndim))
    least = values.masked_fill(~known, torch.inf).amin(axes, keepdim=True)
    range_of = values.amax(axes, keepdim=True) - least
    flat = range_of <= 0
    stretched = (values - least.masked_fill(flat, 0)) / range_of.masked_fill(flat, 1)
    return stretched * known


@LABEL_LOSSES.register("dual_task")
class DualTask(MeanLoss):
    """Differences between neighbours: ½·Σ_c ||ΔP_c| − |Δg_c||, mean over pairs along all axes.

    The regulariser of Gated-SCNN (Takikawa et al., ICCV 2019), which compares the lengths of the
    spatial gradients of prediction and truth; here without its Gumbel noise and smoothing, and
    each axis for itself, so that what is not known touches exactly its own pairs.
    """

    def sum_of_errors(self, logits: Tensor, labels: Tensor) -> Tensor:
        soft = logits.softmax(1)
        true = class_masks(labels, logits.shape[1]).to(soft.dtype)
        whole = soft.new_zeros(())
        for axis in range(1, labels.ndim):
            steps = soft.diff(dim=axis + 1).abs() - true.diff(dim=axis + 1).abs()
            whole = whole + (steps.abs().sum(1) * known_pairs(labels, axis)).sum() / 2
        return whole

    def count(self, labels: Tensor) -> Tensor:
        pairs = [known_pairs(labels, axis).sum() for axis in range(1, labels.ndim)]
        return torch.stack(pairs).sum()


def known_pairs(labels: Tensor, axis: int) -> Tensor:
    """Whether both of neighbours along an axis count, bool, one shorter along it."""
    known, n = labels != IGNORE, labels.shape[axis]
    return known.narrow(axis, 0, n - 1) & known.narrow(axis, 1, n - 1)
