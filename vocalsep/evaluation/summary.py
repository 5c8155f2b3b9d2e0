"""From the results of tracks to one number a metric, with its uncertainty, and to comparisons."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalsep.evaluation.metric_names import METRICS, Metric
from vocalsep.evaluation.records import Record

Values = npt.NDArray[np.float64]

N_RESAMPLES = 2000  # of the bootstrap
CONFIDENCE = 0.95
MAX_EXACT = 15  # pairs for which all sign patterns of the signed-rank test are counted


@dataclass(frozen=True)
class Summary:
    """One metric of one stem and method over a set.

    Attributes:
        value: the joined value; NaN when no track has one.
        low, high: ends of its 95 % confidence interval; NaN for fewer than two tracks.
        n_tracks: with a value.
        n_missing: without one (silent, or no pauses), left out.
    """

    method: str
    stem: str
    metric: Metric
    value: float
    low: float
    high: float
    n_tracks: int
    n_missing: int


@dataclass(frozen=True)
class Comparison:
    """Paired differences of two methods, the first minus the second.

    Attributes:
        median, low, high: of the differences, with a 95 % bootstrap interval.
        better: tracks on which the first is better; n_pairs: tracks with both.
        p: two-sided Wilcoxon signed-rank test; NaN when no pair differs.
    """

    first: str
    second: str
    stem: str
    metric: Metric
    median: float
    low: float
    high: float
    better: int
    n_pairs: int
    p: float


def summarise(records: Sequence[Record], methods: Sequence[str]) -> list[Summary]:
    """All metrics that any track has, by method, stem and metric."""
    found = []
    for method in methods:
        mine = [record for record in records if record.method == method]
        for stem in _stems(mine):
            for metric in METRICS:
                pairs = [
                    (record.scores[stem].get(metric.key), record.length_s)
                    for record in mine
                    if stem in record.scores
                ]
                if any(value is not None for value, _ in pairs):
                    found.append(_summary(method, stem, metric, pairs))
    return found


def compare(records: Sequence[Record], first: str, second: str, metric: Metric) -> list[Comparison]:
    """Paired comparisons of two methods in one metric, a stem each."""
    by_method: dict[str, dict[str, Record]] = {first: {}, second: {}}
    for record in records:
        if record.method in by_method:
            by_method[record.method][record.track] = record
    found = []
    for stem in _stems(list(by_method[first].values())):
        differences = _differences(by_method, first, second, (stem, metric.key))
        if len(differences):
            weights = np.ones(len(differences))
            low, high = bootstrap(differences, weights, lambda v, w: np.median(v, axis=-1))
            sign = -1.0 if metric.higher is False else 1.0
            found.append(
                Comparison(
                    first, second, stem, metric,
                    float(np.median(differences)), low, high,
                    int(np.sum(sign * differences > 0)), len(differences),
                    signed_rank_p(differences),
                )
            )  # fmt: skip
    return found


def bootstrap(
    values: Values, weights: Values, join: Callable[[Values, Values], Values]
) -> tuple[float, float]:
    """Percentile interval of a joined value, tracks drawn with replacement (Efron 1979).

    Args:
        join: values and weights (resamples, n) -> (resamples,).

    Returns:
        Ends of the 95 % interval; NaN for fewer than two values.
    """
    if len(values) < 2:
        return math.nan, math.nan
    drawn = np.random.default_rng(0).integers(0, len(values), (N_RESAMPLES, len(values)))
    return interval(join(values[drawn], weights[drawn]))


def interval(drawn: Values) -> tuple[float, float]:
    """Ends of the 95 % interval of resampled values; NaN if none of them is a number."""
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return math.nan, math.nan
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(known, [tail, 100 - tail])
    return float(low), float(high)


def signed_rank_p(differences: Values) -> float:
    """Two-sided p of Wilcoxon's signed-rank test that the differences lie around zero.

    W is the sum of the ranks of |d| with d > 0; zeros are left out, ties share their mean rank. Up
    to MAX_EXACT pairs without ties W is compared with all 2ⁿ sign patterns, above that with the
    normal of mean n(n + 1)/4 and variance n(n + 1)(2n + 1)/24 − Σ(t³ − t)/48 (t: sizes of ties),
    with continuity correction. Wilcoxon, "Individual comparisons by ranking methods", 1945.

    >>> round(signed_rank_p(np.array([1.0, 2.0, 3.0, 4.0, 5.0])), 4)
    0.0625
    """
    d = differences[differences != 0]
    n = len(d)
    if n == 0:
        return math.nan
    _, inverse, counts = np.unique(np.abs(d), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    statistic = float(ranks[d > 0].sum())
    mean = n * (n + 1) / 4
    if n <= MAX_EXACT and len(counts) == n:
        return _exact_p(n, statistic)
    variance = n * (n + 1) * (2 * n + 1) / 24 - float(np.sum(counts**3 - counts)) / 48
    z = max(0.0, abs(statistic - mean) - 0.5) / math.sqrt(variance)
    return math.erfc(z / math.sqrt(2))


def _exact_p(n: int, statistic: float) -> float:
    """Share of sign patterns at least as far from the mean; counted rank by rank."""
    ways = np.zeros(n * (n + 1) // 2 + 1)
    ways[0] = 1
    for rank in range(1, n + 1):
        ways[rank:] = ways[rank:] + ways[:-rank]
    far = np.abs(np.arange(len(ways)) - n * (n + 1) / 4) >= abs(statistic - n * (n + 1) / 4) - 1e-9
    return float(ways[far].sum() / ways.sum())


def _summary(
    method: str, stem: str, metric: Metric, pairs: list[tuple[float | None, float]]
) -> Summary:
    known = [(v, w) for v, w in pairs if v is not None and math.isfinite(v)]
    values = np.array([value for value, _ in known])
    weights = np.array([weight for _, weight in known])
    join = _JOINS[metric.joined]
    value = float(join(values[None], weights[None])[0]) if known else math.nan
    low, high = bootstrap(values, weights, join)
    return Summary(method, stem, metric, value, low, high, len(known), len(pairs) - len(known))


def _differences(
    by_method: Mapping[str, Mapping[str, Record]], first: str, second: str, key: tuple[str, str]
) -> Values:
    stem, metric = key
    found = []
    for track, mine in by_method[first].items():
        theirs = by_method[second].get(track)
        if theirs is not None:
            pair = [r.scores.get(stem, {}).get(metric, math.nan) for r in (mine, theirs)]
            found.append(pair[0] - pair[1])
    differences = np.array(found, np.float64)
    return differences[np.isfinite(differences)]


def _stems(records: Sequence[Record]) -> list[str]:
    return list(dict.fromkeys(stem for record in records for stem in record.scores))


_JOINS: dict[str, Callable[[Values, Values], Values]] = {
    "median": lambda v, w: np.asarray(np.median(v, axis=-1)),
    "mean": lambda v, w: np.asarray(np.mean(v, axis=-1)),
    "by length": lambda v, w: np.asarray((v * w).sum(-1) / w.sum(-1)),
}
