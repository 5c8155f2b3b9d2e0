"""Losses of regions: how well the soft region of a class covers its true region in each image.

They are means over the classes that an image has, then over images. A class that an image lacks
does not count there: its overlap is 0 and flat, and what it takes, another class misses.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from torch import Tensor

from vocalsep.data.pictures.codes import IGNORE
from vocalsep.training.losses.labels.base import LABEL_LOSSES, ImageLoss, class_masks

TINY = 1e-7
SMOOTH = 1e-5


@dataclass(frozen=True)
class Regions:
    """Soft and true regions, N pixels of any number of axes; all 0 where nothing is known.

    Attributes:
        soft: P of every class, (B, K, N).
        true: likewise, 0 or 1.
        known: (B, 1, N), 0 or 1.
    """

    soft: Tensor
    true: Tensor
    known: Tensor

    @classmethod
    def of(cls, logits: Tensor, labels: Tensor) -> Regions:
        """The softmax of logits (B, K, *S) and the masks of labels (B, *S)."""
        known = (labels != IGNORE)[:, None].flatten(2).to(logits.dtype)
        soft = logits.softmax(1).flatten(2) * known
        true = class_masks(labels, logits.shape[1]).flatten(2).to(logits.dtype)
        return cls(soft, true, known)

    def overlaps(self) -> tuple[Tensor, Tensor, Tensor]:
        """(B, K) each: true positives, false positives, false negatives."""
        both = (self.soft * self.true).sum(-1)
        return both, self.soft.sum(-1) - both, self.true.sum(-1) - both


class RegionLoss(ImageLoss):
    """A loss of every class of every image.

    Args:
        include_background: whether class 0 counts; if not, images that are nothing else do not.
    """

    def __init__(self, include_background: bool = True) -> None:
        self.include_background = include_background

    @abstractmethod
    def of_classes(self, regions: Regions) -> Tensor:
        """(B, K), finite even for classes that an image lacks."""

    def errors(self, logits: Tensor, labels: Tensor) -> Tensor:
        regions = Regions.of(logits, labels)
        present = regions.true.amax(-1)  # (B, K), 0 or 1
        if not self.include_background:
            present[:, 0] = 0
        return (self.of_classes(regions) * present).sum(1) / present.sum(1).clamp_min(1)

    def images(self, labels: Tensor) -> Tensor:
        counts = labels != IGNORE
        return (counts if self.include_background else counts & (labels != 0)).flatten(1).any(1)


@LABEL_LOSSES.register("tversky")
class Tversky(RegionLoss):
    """1 − TP / (TP + α·FP + β·FN) of soft regions (Salehi et al., MLMI 2017).

    Args:
        alpha: price of what is wrongly taken for the class.
        beta: price of what is missed.
        include_background: whether class 0 counts.
    """

    def __init__(
        self, alpha: float = 0.3, beta: float = 0.7, include_background: bool = True
    ) -> None:
        super().__init__(include_background)
        if alpha < 0 or beta < 0:
            raise ValueError(f"alpha={alpha}, beta={beta}: expected none below 0")
        self.alpha, self.beta = alpha, beta

    def of_classes(self, regions: Regions) -> Tensor:
        hit, false, missed = regions.overlaps()
        return 1 - hit / (hit + self.alpha * false + self.beta * missed).clamp_min(TINY)


@LABEL_LOSSES.register("dice")
class Dice(Tversky):
    """1 − 2·Σpg / (Σp + Σg)."""

    def __init__(self, include_background: bool = True) -> None:
        super().__init__(0.5, 0.5, include_background)


@LABEL_LOSSES.register("jaccard")
class Jaccard(Tversky):
    """1 − Σpg / (Σp + Σg − Σpg)."""

    def __init__(self, include_background: bool = True) -> None:
        super().__init__(1.0, 1.0, include_background)


def soft_iou(regions: Regions) -> Tensor:
    """(B, K): Σpg / (Σp + Σg − Σpg)."""
    return 1 - Jaccard().of_classes(regions)


@LABEL_LOSSES.register("v_net_dice")
class VNetDice(RegionLoss):
    """1 − 2·Σpg / (Σp² + Σg²) (Milletari, Navab, Ahmadi, 3DV 2016)."""

    def of_classes(self, regions: Regions) -> Tensor:
        both = (regions.soft * regions.true).sum(-1)
        squares = regions.soft.square().sum(-1) + regions.true.sum(-1)
        return 1 - 2 * both / squares.clamp_min(TINY)


@LABEL_LOSSES.register("generalised_dice")
class GeneralisedDice(ImageLoss):
    """1 − 2·Σ_c w_c Σpg / Σ_c w_c Σ(p + g), w_c = 1 / (Σg)² (Sudre et al., DLMIA 2017).

    Classes that an image lacks weigh 0. Both sums are larger by 1e-5, as in MONAI.
    """

    def errors(self, logits: Tensor, labels: Tensor) -> Tensor:
        regions = Regions.of(logits, labels)
        hit, false, missed = regions.overlaps()
        size = regions.true.sum(-1)
        weights = (size > 0) / size.clamp_min(1).square()
        whole = (weights * (2 * hit + false + missed)).sum(1)
        return 1 - (2 * (weights * hit).sum(1) + SMOOTH) / (whole + SMOOTH)


@LABEL_LOSSES.register("sensitivity_specificity")
class SensitivitySpecificity(RegionLoss):
    """r·Σ(g − p)²g / Σg + (1 − r)·Σ(g − p)²(1 − g) / Σ(1 − g) (Brosch et al., MICCAI 2015).

    Args:
        ratio: r, what missing counts against taking too much.
        include_background: whether class 0 counts.
    """

    def __init__(self, ratio: float = 0.05, include_background: bool = True) -> None:
        super().__init__(include_background)
        if not 0 <= ratio <= 1:
            raise ValueError(f"ratio={ratio}: expected 0 to 1")
        self.ratio = ratio

    def of_classes(self, regions: Regions) -> Tensor:
        squares = (regions.true - regions.soft).square()
        rest = regions.known - regions.true
        missed, taken = (
            (squares * side).sum(-1) / side.sum(-1).clamp_min(1) for side in (regions.true, rest)
        )
        return self.ratio * missed + (1 - self.ratio) * taken


@LABEL_LOSSES.register("mcc")
class MCC(RegionLoss):
    """1 − Matthews' correlation of soft and true region: all four kinds of pixels count.

    (TP·TN − FP·FN) / √((TP + FP)(TP + FN)(TN + FP)(TN + FN)) (Abhishek, Hamarneh, ISBI 2021). A
    class that fills an image has none: its loss is 0.
    """

    def of_classes(self, regions: Regions) -> Tensor:
        n = regions.known.sum(-1).clamp_min(1)  # shares of the image: products stay moderate
        hit, false, missed = (each / n for each in regions.overlaps())
        rest = 1 - hit - false - missed
        of_all = (hit + false) * (hit + missed) * (rest + false) * (rest + missed)
        agreement = hit * rest - false * missed
        return 1 - (agreement + TINY) / (of_all + TINY**2).sqrt()
