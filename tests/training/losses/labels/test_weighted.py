"""Weights of pixels in closed form."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from tests.training.losses.labels.fixtures import LABELS, THREE_LOGITS, of_three
from vocalsep.training.losses.labels.pixels import log_losses
from vocalsep.training.losses.labels.weighted import DistancePenalised, IoUBalanced, UNetBorder


def test_the_gap_between_cells_weighs_most() -> None:
    """Three cells: the formula over distances by scipy, on the background alone."""
    labels = torch.zeros(1, 12, 15, dtype=torch.int64)
    labels[0, 2:6, 1:5] = 1
    labels[0, 3:9, 7:9] = 1
    labels[0, 9:11, 11:14] = 2
    cells = [(labels[0] == 1) & (torch.arange(15) < 6), (labels[0] == 1) & (torch.arange(15) > 6)]
    cells.append(labels[0] == 2)
    ways = np.sort([ndimage.distance_transform_edt(~cell.numpy()) for cell in cells], axis=0)
    gaps = 8.0 * np.exp(-((ways[0] + ways[1]) ** 2) / (2 * 3.0**2))
    expected = np.array([0.5, 1.0, 2.0])[labels[0].numpy()] + gaps * (labels[0].numpy() == 0)
    found = UNetBorder([0.5, 1.0, 2.0], peak=8.0, width=3.0).weights(labels, 3)
    np.testing.assert_allclose(found[0].numpy(), expected, rtol=1e-5)


def test_one_cell_has_no_neighbour() -> None:
    labels = torch.zeros(1, 5, 5, dtype=torch.int64)
    labels[0, 1:3, 1:3] = 1
    assert (UNetBorder().weights(labels, 2) == 1).all()


def test_penalties_grow_towards_the_boundary() -> None:
    labels = torch.tensor([[[0, 0, 0, 1, 1, 1, 1, 1, 2]]])
    expected = [1.0, 1.5, 2.0, 2.0, 1.5, 1.0, 1.5, 2.0, 1.0]
    found = DistancePenalised().weights(labels, 3)
    assert found[0, 0].tolist() == pytest.approx(expected)


def test_distances_are_in_the_unit_of_the_sampling() -> None:
    labels = torch.tensor([[[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]]])
    flat = DistancePenalised((100.0, 1.0)).weights(labels, 2)
    assert flat[0, 2, :3].tolist() > flat[0, 1, 1:].tolist()  # a step down is far


def test_balanced_weights_of_the_three_classes() -> None:
    losses = log_losses(THREE_LOGITS, LABELS)
    weights = IoUBalanced().weights(THREE_LOGITS, LABELS, losses)
    for label, expected in enumerate([0.72969, 1.57531, 0.54793]):
        assert weights[label == LABELS].tolist() == pytest.approx(
            [expected] * int((label == LABELS).sum()), abs=1e-5
        )
    assert of_three("iou_balanced") == pytest.approx(losses.mean().item(), abs=1e-6)
