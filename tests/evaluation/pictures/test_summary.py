"""Numbers of a set of pictures against counts by hand, pixel by pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.evaluation.pictures.made import CLASSES, shifted, truth
from vocalsep.evaluation.metric_names import LABEL_METRICS
from vocalsep.evaluation.metrics.labels import BoundaryF1, Confusion
from vocalsep.evaluation.pictures.run import ALL, measured
from vocalsep.evaluation.pictures.summary import confusion, summarise_pictures
from vocalsep.evaluation.records import Record

CLASSES_AND_ONE = (*CLASSES, "car")  # which never occurs


def pairs() -> list[tuple[np.ndarray, np.ndarray]]:
    found = []
    for seed in range(3):
        true = np.where(truth(seed) == 9, 255, truth(seed)).astype(np.uint8)
        found.append((true, shifted(truth(seed), 3)))
    return found


@pytest.fixture
def records() -> list[Record]:
    return [
        Record("net", str(k), "", 0.0, {}, {}, labelled=measured(CLASSES_AND_ONE, *pair))
        for k, pair in enumerate(pairs())
    ]


def test_every_number_by_hand(records: list[Record]) -> None:
    """Naive loops over the pixels of all pictures."""
    found = {(s.stem, s.metric.key): s.value for s in summarise_pictures(records, ["net"])}
    tp, fp, fn = np.zeros((3, 4))
    for true, said in pairs():
        for t, s in zip(true.ravel().tolist(), said.ravel().tolist(), strict=True):
            if t != 255:
                tp[t] += t == s
                fp[s] += t != s
                fn[t] += t != s
    ious = [100 * tp[k] / (tp[k] + fp[k] + fn[k]) for k in range(3)]
    for k, name in enumerate(CLASSES):
        assert found[name, "iou"] == pytest.approx(ious[k])
        assert found[name, "dice"] == pytest.approx(200 * tp[k] / (2 * tp[k] + fp[k] + fn[k]))
        assert found[name, "recall"] == pytest.approx(100 * tp[k] / (tp[k] + fn[k]))
    assert found[ALL, "miou"] == pytest.approx(np.mean(ious))
    assert found[ALL, "accuracy"] == pytest.approx(100 * tp.sum() / (tp + fn).sum())
    assert math.isnan(found["car", "iou"]) and math.isnan(found["car", "bf1"])
    assert {key for _, key in found} == {metric.key for metric in LABEL_METRICS}


def test_the_same_as_streaming_over_the_set(records: list[Record]) -> None:
    found = {(s.stem, s.metric.key): s.value for s in summarise_pictures(records, ["net"])}
    whole, edges = Confusion(4), BoundaryF1(4)
    for pair in pairs():
        whole.add(*pair)
        edges.add(*pair)
    np.testing.assert_array_equal(confusion(records, "net"), whole.counts)
    assert found[ALL, "miou"] == pytest.approx(100 * whole.mean_iou())
    assert found[ALL, "mdice"] == pytest.approx(100 * whole.mean_dice())
    assert found[ALL, "mbf1"] == pytest.approx(100 * edges.mean())
    assert found["tree", "bf1"] == pytest.approx(100 * edges.per_class()[1])


def test_intervals_and_counts(records: list[Record]) -> None:
    found = {(s.stem, s.metric.key): s for s in summarise_pictures(records, ["net"])}
    tree = found["tree", "iou"]
    assert (tree.n_tracks, tree.n_missing) == (2, 1)  # a class that is in two of three pictures
    assert tree.low <= tree.value <= tree.high
    whole = found[ALL, "miou"]
    assert whole.low < whole.value < whole.high
    one = {s.metric.key: s for s in summarise_pictures(records[:1], ["net"]) if s.stem == ALL}
    assert math.isnan(one["miou"].low) and one["miou"].n_tracks == 1
    assert summarise_pictures(records, ["another"]) == []


def test_equal_pictures_have_no_spread(records: list[Record]) -> None:
    same = [records[0]] * 5
    for summary in summarise_pictures(same, ["net"]):
        if not math.isnan(summary.value):
            assert summary.low == pytest.approx(summary.value) == pytest.approx(summary.high)
