"""Joined numbers, intervals and the signed-rank test against scipy and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vocalsep.evaluation.metric_names import BY_KEY
from vocalsep.evaluation.records import Record
from vocalsep.evaluation.summary import bootstrap, compare, signed_rank_p, summarise


def record(method: str, track: str, length_s: float, **scores: float) -> Record:
    return Record(method, track, "", length_s, {}, {"vocals": scores})


RECORDS = [
    record("a", "1", 10.0, v4_sdr=1.0, sdr=1.0, src_nsdr=1.0),
    record("a", "2", 10.0, v4_sdr=2.0, sdr=2.0, src_nsdr=2.0),
    record("a", "3", 20.0, v4_sdr=9.0, sdr=9.0, src_nsdr=9.0),
    record("a", "4", 20.0, v4_sdr=math.nan, sdr=math.nan, src_nsdr=math.nan),
    record("b", "1", 10.0, v4_sdr=0.0),
    record("b", "2", 10.0, v4_sdr=3.0),
    record("b", "3", 20.0, v4_sdr=7.0),
]


def test_each_metric_is_joined_in_its_way() -> None:
    found = {(s.method, s.metric.key): s for s in summarise(RECORDS, ["a", "b"])}
    assert found["a", "v4_sdr"].value == 2.0  # median
    assert found["a", "sdr"].value == 4.0  # mean
    assert found["a", "src_nsdr"].value == pytest.approx((10 + 20 + 180) / 40)  # by length
    assert (found["a", "sdr"].n_tracks, found["a", "sdr"].n_missing) == (3, 1)
    assert ("b", "sdr") not in found
    assert found["a", "sdr"].low <= 4.0 <= found["a", "sdr"].high


def test_differences_are_paired() -> None:
    (found,) = compare(RECORDS, "a", "b", BY_KEY["v4_sdr"])
    assert (found.median, found.better, found.n_pairs) == (1.0, 2, 3)
    assert found.p == signed_rank_p(np.array([1.0, -1.0, 2.0]))
    assert compare(RECORDS, "a", "b", BY_KEY["lsd"]) == []


@pytest.mark.parametrize("n", [1, 4, 9, 15, 16, 60])
def test_signed_rank_is_scipys(n: int, rng: np.random.Generator) -> None:
    stats = pytest.importorskip("scipy.stats")
    d = rng.standard_normal(n) + 0.3
    method = "exact" if n <= 15 else "asymptotic"
    wanted = stats.wilcoxon(d, correction=True, method=method).pvalue
    assert signed_rank_p(d) == pytest.approx(wanted, abs=1e-9)


def test_ties_and_zeros_as_scipy(rng: np.random.Generator) -> None:
    stats = pytest.importorskip("scipy.stats")
    d = np.round(2 * rng.standard_normal(40)) + 0.0
    wanted = stats.wilcoxon(d, correction=True, method="asymptotic", zero_method="wilcox").pvalue
    assert signed_rank_p(d) == pytest.approx(wanted, abs=1e-9)
    assert math.isnan(signed_rank_p(np.zeros(3)))


def test_the_interval_of_a_mean_is_that_of_theory(rng: np.random.Generator) -> None:
    values = rng.standard_normal(400)
    low, high = bootstrap(values, np.ones(400), lambda v, w: v.mean(-1))
    half = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - half, abs=0.02)
    assert high == pytest.approx(values.mean() + half, abs=0.02)
    assert np.isnan(bootstrap(values[:1], np.ones(1), lambda v, w: v.mean(-1))).all()
