"""Counts of classes and weights that make up for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.helpers.pictures import save_labels, save_picture
from vocalsep.data.pictures.codes import IGNORE
from vocalsep.data.pictures.counts import (
    count_each,
    count_labels,
    enet_weights,
    median_frequency_weights,
)
from vocalsep.data.pictures.layouts import Wanted, read_pictures
from vocalsep.errors import DataError


@pytest.mark.parametrize("workers", [1, 2])
def test_pixels_are_counted(tmp_path: Path, workers: int) -> None:
    maps = [[[0, 0, 1], [2, 2, 2]], [[1, 1, 1], [IGNORE, 9, 1]]]
    for number, labels in enumerate(maps):
        save_picture(tmp_path / "train" / f"{number}.png", (2, 3))
        save_labels(tmp_path / "trainannot" / f"{number}.png", np.array(labels, np.uint8))
    pairs = read_pictures(tmp_path, wanted=Wanted("train", "abcd", [9])).pairs
    assert count_each(pairs, 4, workers).tolist() == [[2, 1, 3, 0], [0, 4, 0, 0]]
    assert count_labels(pairs, 4, workers).tolist() == [2, 5, 3, 0]
    assert count_labels(pairs, 4).dtype == np.int64
    assert count_labels([], 4).tolist() == [0] * 4
    pairs[0].labels.unlink()
    with pytest.raises(DataError, match="no such picture"):
        count_labels(pairs, 4, workers)


def test_median_frequency_closed_form() -> None:
    counts = np.array([[60, 40, 0, 0], [90, 0, 10, 0]])
    # Shares in the pictures that have the class: 150/200, 40/100, 10/100, none.
    weights = median_frequency_weights(counts)
    np.testing.assert_allclose(weights, [0.4 / 0.75, 1.0, 4.0, 0.0])
    assert not median_frequency_weights(np.zeros((3, 2), np.int64)).any()


def test_enet_weights_closed_form() -> None:
    """The paper: between 1 and 50."""
    weights = enet_weights(np.array([75, 25, 0]))
    expected = [1 / np.log(1.77), 1 / np.log(1.27), 1 / np.log(1.02)]
    np.testing.assert_allclose(weights, expected)
    assert 50 < weights[2] < 51
    np.testing.assert_allclose(enet_weights(np.array([8, 0])), [1 / np.log(2.02), 1 / np.log(1.02)])
    assert enet_weights(np.zeros(2, np.int64)).tolist() == [weights[2]] * 2
    with pytest.raises(ValueError, match="above 1"):
        enet_weights(np.array([1]), 1.0)
