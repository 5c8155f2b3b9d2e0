"""Metrics of labelled images, from one confusion matrix that grows image by image.

With TP the pixels of a class that are found, FN those that are missed and FP those that are found
where there are none,

    IoU      TP/(TP + FP + FN)       Everingham et al., "The PASCAL Visual Object Classes
                                     Challenge", IJCV 88, 2010; Jaccard 1901
    Dice     2·TP/(2·TP + FP + FN)   which is F1; Dice, "Measures of the amount of ecologic
                                     association between species", Ecology 26, 1945
    recall   TP/(TP + FN)            accuracy of a class

each over all pixels of a set, NaN for a class that never occurs; means are over the classes that
do. Pixels with the ignored label count nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.integer]
Counts = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Overlaps:
    """Pixels of each class, (…, K) each: any number of sets at once.

    Attributes:
        hits: that are of the class and said to be.
        true: that are of the class.
        predicted: that are said to be.
    """

    hits: npt.NDArray[np.number]
    true: npt.NDArray[np.number]
    predicted: npt.NDArray[np.number]

    def iou(self) -> Values:
        """(…, K) intersection over union."""
        return _ratio(self.hits, self.true + self.predicted - self.hits)

    def dice(self) -> Values:
        """(…, K)."""
        return _ratio(2 * self.hits, self.true + self.predicted)

    def recall(self) -> Values:
        """(…, K)."""
        return _ratio(self.hits, self.true)

    def accuracy(self) -> Values:
        """(…) share of all pixels that are right."""
        return _ratio(self.hits.sum(-1), self.true.sum(-1))


class Confusion:
    """Pixel counts over a set: `counts[true, predicted]`. Memory does not grow with the set.

    >>> confusion = Confusion(2)
    >>> confusion.add(np.array([[0, 1], [1, 255]]), np.array([[0, 1], [0, 1]]))
    >>> confusion.counts.tolist(), round(confusion.mean_iou(), 3)
    ([[1, 0], [1, 1]], 0.5)

    Args:
        n_classes: K, labels are 0 … K − 1.
        ignore_index: true label of pixels that are left out, wherever the prediction is.
    """

    def __init__(self, n_classes: int, ignore_index: int = 255) -> None:
        self.ignore_index = ignore_index
        self.counts: Counts = np.zeros((n_classes, n_classes), np.int64)

    def add(self, true: Labels, predicted: Labels) -> None:
        """Count the pixels of an image or a batch, both of the same shape.

        Raises:
            ValueError: the shapes differ, or a label is none of the classes.
        """
        if true.shape != predicted.shape:
            raise ValueError(f"labels: shapes differ, {true.shape} and {predicted.shape}")
        kept = true != self.ignore_index
        pair = [np.asarray(x[kept], np.int64) for x in (true, predicted)]
        n_classes = len(self.counts)
        for labels, kind in zip(pair, ("true", "predicted"), strict=True):
            if labels.size and not 0 <= labels.min() <= labels.max() < n_classes:
                raise ValueError(
                    f"{kind} labels from {labels.min()} to {labels.max()}: expected 0 to "
                    f"{n_classes - 1}, or {self.ignore_index} to be left out"
                )
        flat = np.bincount(n_classes * pair[0] + pair[1], minlength=n_classes**2)
        self.counts += flat.reshape(n_classes, n_classes)

    @property
    def overlaps(self) -> Overlaps:
        """What all ratios are made of."""
        return Overlaps(np.diag(self.counts), self.counts.sum(1), self.counts.sum(0))

    def iou(self) -> Values:
        """(K,) intersection over union."""
        return self.overlaps.iou()

    def mean_iou(self) -> float:
        """Mean IoU; NaN if no class occurs."""
        return float(mean_known(self.iou()))

    def dice(self) -> Values:
        """(K,)."""
        return self.overlaps.dice()

    def mean_dice(self) -> float:
        """Mean Dice; NaN if no class occurs."""
        return float(mean_known(self.dice()))

    def pixel_accuracy(self) -> float:
        """Share of the counted pixels that are right; NaN without pixels."""
        return float(self.overlaps.accuracy())


class BoundaryF1:
    """Boundary F1 over a set: the mean over images, then over classes, of contour F scores.

    For each class of an image: precision is the share of predicted boundary pixels within
    `tolerance` pixels (Chebyshev) of a true one, recall the reverse, F1 their harmonic mean.
    Csurka et al., "What is a good evaluation measure for semantic segmentation?", BMVC 2013.
    A class that neither image has is left out of that image; one that only one has scores 0.

    Args:
        n_classes: K.
        tolerance: pixels; None is 0.75 % of the image's diagonal, as in that paper.
        ignore_index: true label of pixels in which no boundary counts.
    """

    def __init__(
        self, n_classes: int, tolerance: int | None = None, ignore_index: int = 255
    ) -> None:
        self.tolerance = tolerance
        self.ignore_index = ignore_index
        self._sums = np.zeros(n_classes)
        self._n_images = np.zeros(n_classes, np.int64)

    def add(self, true: Labels, predicted: Labels) -> None:
        """Compare one image, (H, W) each.

        Raises:
            ValueError: the shapes differ.
        """
        if true.shape != predicted.shape:
            raise ValueError(f"labels: shapes differ, {true.shape} and {predicted.shape}")
        reach = self.tolerance
        if reach is None:
            reach = max(1, round(0.0075 * float(np.hypot(*true.shape))))
        kept = true != self.ignore_index
        for label in range(len(self._sums)):
            masks = [(x == label) & kept for x in (true, predicted)]
            if not (masks[0].any() or masks[1].any()):
                continue
            edges = [_boundary(mask) & kept for mask in masks]
            near = [_dilated(edge, reach) for edge in edges]
            recall = _share(edges[0] & near[1], edges[0])
            precision = _share(edges[1] & near[0], edges[1])
            total = precision + recall
            self._sums[label] += 2 * precision * recall / total if total else 0.0
            self._n_images[label] += 1

    def per_class(self) -> Values:
        """(K,) mean over the images that have the class; NaN for a class that never occurs."""
        return _ratio(self._sums, self._n_images)

    def mean(self) -> float:
        """Mean over the classes that occur; NaN if none does."""
        return float(mean_known(self.per_class()))


def _boundary(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Pixels of a mask with a 4-neighbour outside of it; the image's border is no boundary."""
    wide = np.pad(mask, 1, mode="edge")
    inner = wide[:-2, 1:-1] & wide[2:, 1:-1] & wide[1:-1, :-2] & wide[1:-1, 2:]
    edge: npt.NDArray[np.bool_] = mask & ~inner
    return edge


def _dilated(mask: npt.NDArray[np.bool_], reach: int) -> npt.NDArray[np.bool_]:
    """All pixels within `reach` rows and columns of the mask, by summed areas."""
    wide = np.pad(mask, ((reach + 1, reach), (reach + 1, reach))).astype(np.int64)
    areas = wide.cumsum(0).cumsum(1)
    size = 2 * reach + 1
    counts = areas[size:, size:] - areas[:-size, size:] - areas[size:, :-size]
    near: npt.NDArray[np.bool_] = counts + areas[:-size, :-size] > 0
    return near


def _share(part: npt.NDArray[np.bool_], whole: npt.NDArray[np.bool_]) -> float:
    """Share of `whole` that is in `part`; 1 where both are empty (a class that fills the image)."""
    return float(part.sum() / whole.sum()) if whole.any() else 1.0


def _ratio(part: npt.ArrayLike, whole: npt.ArrayLike) -> Values:
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Values = np.divide(part, whole, dtype=np.float64)
    return found


def mean_known(values: Values) -> Values:
    """(…, K) -> (…) the mean of those that are numbers; NaN where none is."""
    known = ~np.isnan(values)
    return _ratio(np.where(known, values, 0.0).sum(-1), known.sum(-1))
