"""Image metrics against naive counts, scikit-learn, and shapes whose borders are known."""

from __future__ import annotations

import numpy as np
import pytest

from vocalsep.evaluation.metrics import BoundaryF1, Confusion


def test_streaming_equals_scikit_learn(rng: np.random.Generator) -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    true, predicted = rng.integers(0, 4, (2, 5, 30, 40))
    true[rng.random(true.shape) < 0.1] = 255
    confusion = Confusion(5)  # class 4 never occurs
    for pair in zip(true, predicted, strict=True):
        confusion.add(*pair)
    kept = true != 255
    wanted = true[kept], predicted[kept]
    np.testing.assert_array_equal(
        confusion.counts[:4, :4], sklearn.confusion_matrix(*wanted, labels=range(4))
    )
    iou = sklearn.jaccard_score(*wanted, average=None)
    np.testing.assert_allclose(confusion.iou()[:4], iou)
    np.testing.assert_allclose(confusion.dice()[:4], sklearn.f1_score(*wanted, average=None))
    assert np.isnan(confusion.iou()[4])
    assert confusion.mean_iou() == pytest.approx(iou.mean())
    assert confusion.pixel_accuracy() == pytest.approx(sklearn.accuracy_score(*wanted))
    assert confusion.mean_dice() == pytest.approx(np.nanmean(confusion.dice()))


def test_nothing_counted_is_nan_and_strange_labels_are_refused() -> None:
    confusion = Confusion(2, ignore_index=9)
    confusion.add(np.full((2, 2), 9), np.full((2, 2), 77))  # the prediction there is not looked at
    assert np.isnan([confusion.mean_iou(), confusion.pixel_accuracy()]).all()
    with pytest.raises(ValueError, match="predicted labels from 2 to 2: expected 0 to 1"):
        confusion.add(np.array([0]), np.array([2]))
    with pytest.raises(ValueError, match="shapes differ"):
        confusion.add(np.zeros((2, 2), int), np.zeros((2, 3), int))


def square(offset: int, size: int = 20) -> np.ndarray:
    image = np.zeros((60, 60), int)
    image[10 + offset : 10 + offset + size, 10:30] = 1
    return image


@pytest.mark.parametrize(("offset", "tolerance", "score"), [(0, 0, 1.0), (2, 2, 1.0), (9, 40, 1.0)])
def test_borders_within_the_tolerance_are_hit(offset: int, tolerance: int, score: float) -> None:
    boundary = BoundaryF1(3, tolerance)
    boundary.add(square(0), square(offset))
    assert boundary.per_class()[:2] == pytest.approx([score, score])
    assert np.isnan(boundary.per_class()[2])


def test_borders_against_a_naive_count(rng: np.random.Generator) -> None:
    true, predicted = square(0), square(3)
    predicted[40:45, 40:50] = 1

    def border(image: np.ndarray) -> list[tuple[int, int]]:
        wide = np.pad(image, 1, mode="edge")
        cross = ((0, 1), (2, 1), (1, 0), (1, 2))
        return [
            (y, x)
            for y, x in zip(*np.nonzero(image), strict=True)
            if any(not wide[y + dy, x + dx] for dy, dx in cross)
        ]

    def hits(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> float:
        near = [any(max(abs(y - v), abs(x - u)) <= 2 for v, u in other) for y, x in one]
        return float(np.mean(near))

    edges = border(true), border(predicted)
    recall, precision = hits(*edges), hits(*edges[::-1])
    boundary = BoundaryF1(2, tolerance=2)
    boundary.add(true, predicted)
    wanted = 2 * precision * recall / (precision + recall)
    assert boundary.per_class()[1] == pytest.approx(wanted)


def test_a_class_that_only_one_image_has_scores_nothing() -> None:
    boundary = BoundaryF1(3)
    boundary.add(square(0), 2 * square(0))
    assert boundary.per_class().tolist() == [1.0, 0.0, 0.0]
    boundary.add(np.full((60, 60), 255), square(0))  # all ignored: nothing to compare
    assert boundary.mean() == pytest.approx(1 / 3)
