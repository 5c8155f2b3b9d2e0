"""From the results of pictures to one number a metric: of all their pixels together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from vocalsep.evaluation.metric_names import BY_KEY
from vocalsep.evaluation.metrics.labels import Overlaps, mean_known
from vocalsep.evaluation.pictures.run import ALL
from vocalsep.evaluation.records import Labelled, Record
from vocalsep.evaluation.summary import N_RESAMPLES, Summary, interval

Values = npt.NDArray[np.float64]


def summarise_pictures(records: Sequence[Record], methods: Sequence[str]) -> list[Summary]:
    """All metrics by method, of all classes and of each, with 95 % bootstrap intervals."""
    found: list[Summary] = []
    for method in methods:
        labelled = [r.labelled for r in records if r.method == method and r.labelled is not None]
        if labelled:
            found += _summaries(method, labelled)
    return found


def confusion(records: Sequence[Record], method: str) -> npt.NDArray[np.int64]:
    """(K, K) pixels of a method over all pictures, true class × said class."""
    counts = [r.labelled.counts for r in records if r.method == method and r.labelled is not None]
    total: npt.NDArray[np.int64] = np.sum(counts, axis=0, dtype=np.int64)
    return total


def _summaries(method: str, labelled: list[Labelled]) -> list[Summary]:
    counts = np.stack([each.counts for each in labelled])  # (n, K, K)
    sides = np.stack([counts.diagonal(0, 1, 2), counts.sum(2), counts.sum(1)], axis=1)  # (n, 3, K)
    edges = np.stack([each.boundary for each in labelled])  # (n, K)
    whole = _joined(np.ones((1, len(labelled))), sides, edges)
    spread = _joined(_draws(len(labelled)), sides, edges)
    classes = labelled[0].classes
    n_with = (sides[:, 1:].sum(1) > 0).sum(0)  # pictures that have the class on either side
    found = []
    for key, values in whole.items():
        names = (ALL,) if values.ndim == 1 else classes
        for k, name in enumerate(names):
            value, drawn = (x[key].reshape(len(x[key]), -1)[:, k] for x in (whole, spread))
            n = len(labelled) if name == ALL else int(n_with[k])
            low, high = interval(drawn) if len(labelled) > 1 else (np.nan, np.nan)
            found.append(
                Summary(method, name, BY_KEY[key], float(value[0]), low, high, n, len(labelled) - n)
            )
    return sorted(found, key=lambda summary: [ALL, *classes].index(summary.stem))


def _draws(n: int) -> Values:
    """(resamples, n) how often each picture is drawn, with replacement."""
    drawn = np.random.default_rng(0).integers(0, n, (N_RESAMPLES, n))
    return np.stack([np.bincount(row, minlength=n) for row in drawn]).astype(np.float64)


def _joined(weights: Values, sides: npt.NDArray[np.int64], edges: Values) -> dict[str, Values]:
    """Metric -> (R,) of all classes or (R, K) of each, for R sets of pictures, in per cent.

    Args:
        weights: (R, n) how often a picture counts.
        sides: (n, 3, K) pixels hit, true and said.
        edges: (n, K) boundary F1, NaN where a picture has no such class.
    """
    flat = sides.reshape(len(sides), -1).astype(np.float64)
    overlaps = Overlaps(*(weights @ flat).reshape(len(weights), 3, -1).transpose(1, 0, 2))
    known = ~np.isnan(edges)
    with np.errstate(invalid="ignore"):
        boundary = (weights @ np.where(known, edges, 0.0)) / (weights @ known)
    shares = {
        "miou": mean_known(overlaps.iou()),
        "accuracy": overlaps.accuracy(),
        "mdice": mean_known(overlaps.dice()),
        "mbf1": mean_known(boundary),
        "iou": overlaps.iou(),
        "dice": overlaps.dice(),
        "bf1": boundary,
        "recall": overlaps.recall(),
    }
    return {key: 100 * values for key, values in shares.items()}
