"""How often each class is seen, and weights that make up for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from vocalsep.data.parallel import each_of
from vocalsep.data.pictures.pair import Labels, Pair, read_pair_labels

Counts: TypeAlias = npt.NDArray[np.int64]
Weights: TypeAlias = npt.NDArray[np.float64]  # (K,)


def count_labels(pairs: Sequence[Pair], n_classes: int, workers: int = 1) -> Counts:
    """Pixels of each class in all pictures together, (K,); IGNORE does not count.

    Args:
        workers: processes.

    Raises:
        DataError: a label map cannot be read.
    """
    return np.asarray(count_each(pairs, n_classes, workers).sum(axis=0))


def count_each(pairs: Sequence[Pair], n_classes: int, workers: int = 1) -> Counts:
    """Pixels of each class in every picture, (pictures, K); otherwise as `count_labels`."""
    counted: Iterable[Counts] = each_of(partial(_of_pair, n_classes=n_classes), pairs, workers)
    return np.array(list(counted), np.int64).reshape(-1, n_classes)


def counts_of(labels: Labels, n_classes: int) -> Counts:
    """Pixels of each class, (K,).

    >>> counts_of(np.array([[0, 2, 2, 255]], np.uint8), 3).tolist()
    [1, 0, 2]
    """
    return np.bincount(labels.ravel(), minlength=256)[:n_classes].astype(np.int64)


def median_frequency_weights(counts: Counts) -> Weights:
    """Median-frequency balancing (Eigen & Fergus, 2015; SegNet, 2015): median of f over f.

    f of a class is its share of the labelled pixels of those pictures that it is in. Classes that
    are in none weigh 0 and do not count in the median.

    Args:
        counts: (pictures, K), see `count_each`.
    """
    present = counts > 0
    of_pictures = (counts.sum(axis=1, keepdims=True) * present).sum(axis=0)
    seen = of_pictures > 0
    weights = np.zeros(counts.shape[1])
    if seen.any():
        frequency = counts.sum(axis=0)[seen] / of_pictures[seen]
        weights[seen] = np.median(frequency) / frequency
    return weights


def enet_weights(counts: Counts, c: float = 1.02) -> Weights:
    """1 / ln(c + share of the class) (ENet, Paszke et al., 2016), 1.4 to 50 with their c.

    Args:
        counts: (K,), see `count_labels`.
        c: above 1.
    """
    if c <= 1:
        raise ValueError(f"c is {c}: expected above 1")
    share = counts / max(int(counts.sum()), 1)
    return np.asarray(1 / np.log(c + share))


def _of_pair(pair: Pair, n_classes: int) -> Counts:
    return counts_of(read_pair_labels(pair), n_classes)
