"""Losses of boundaries beside their reference values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage

from tests.training.losses.labels.fixtures import LABELS, THREE_LOGITS, of_three, value
from vocalsep.recipe import Part
from vocalsep.training.losses.labels import build_label_loss


def eroded_by_scipy(error: np.ndarray, n_erosions: int, alpha: float) -> float:
    """One class of one image, as the paper's own code: convolution, less ½, stretched."""
    kernel = ndimage.generate_binary_structure(error.ndim, 1) / (2 * error.ndim + 1)
    whole = np.zeros_like(error)
    for k in range(1, n_erosions + 1):
        error = np.maximum(ndimage.convolve(error, kernel, mode="constant") - 0.5, 0)
        if np.ptp(error) > 0:
            error = (error - error.min()) / np.ptp(error)
        whole += k**alpha * error
    return float(whole.mean())


@pytest.mark.parametrize("alpha", [1.0, 2.0])
def test_erosions_are_those_of_scipy(alpha: float) -> None:
    logits = 4 * THREE_LOGITS.repeat_interleave(2, -1).repeat_interleave(2, -2)
    labels = LABELS.repeat_interleave(2, -1).repeat_interleave(2, -2)
    masks = torch.stack([labels[0] == k for k in range(3)]).float()
    errors = (logits[0].softmax(0) - masks).square().double().numpy()
    expected = [eroded_by_scipy(error, 5, alpha) for error in errors]
    assert min(expected) > 0
    params = {"n_erosions": 5, "alpha": alpha}
    found = value(build_label_loss(Part("hausdorff_er", params)), logits, labels)
    assert found.item() == pytest.approx(np.mean(expected), rel=1e-5)


def of_wrong_pixels(name: str, wrong: torch.Tensor, params: dict[str, Any]) -> float:
    """A loss of two classes, where the truth is background and some pixels are taken wrongly."""
    logits = torch.stack([~wrong, wrong]).float()[None] * 50
    labels = torch.zeros(1, *wrong.shape, dtype=torch.int64)
    labels[..., 0] = 1
    return value(build_label_loss(Part(name, params)), logits, labels).item()


def test_a_block_survives_erosion_and_strewn_pixels_do_not() -> None:
    block, strewn = torch.zeros(2, 13, 13, dtype=torch.bool)
    block[4:9, 4:9] = True
    strewn[::3, ::3] = True
    assert block.sum() == strewn.sum()
    found = [
        of_wrong_pixels("hausdorff_er", wrong, {"include_background": False})
        for wrong in (block, strewn)
    ]
    assert found[1] == 0 < found[0]


@pytest.mark.parametrize("step", [1.0, 2.0])
def test_the_further_off_the_worse(step: float) -> None:
    """One wrong pixel, d from the class in column 0 and 1 from where it is not taken."""
    for d in (2, 5):
        wrong = torch.zeros(3, 9, dtype=torch.bool)
        wrong[:, 0] = True
        wrong[1, d] = True
        params = {"include_background": False, "sampling": [1.0, step]}
        found = of_wrong_pixels("hausdorff_dt", wrong, params)
        assert found == pytest.approx(((step * d) ** 2 + 1) / 27, rel=1e-6)
        found = of_wrong_pixels("boundary", wrong, params)
        assert found == pytest.approx((step * d + 3 * (1 - step)) / 27, rel=1e-6)


def test_differences_of_neighbours() -> None:
    """(1, 3) pixels, pairs of truth: one step, none; of P: none, half a step."""
    labels = torch.tensor([[[0, 1, 1]]])
    logits = torch.tensor([[[[0.0, 0.0, 0.0]], [[-50.0, -50.0, 0.0]]]])
    found = value(build_label_loss(Part("dual_task")), logits, labels)
    assert found.item() == pytest.approx((1 + 0.5) / 2)


def test_parts_are_weighted() -> None:
    parts = [{"name": "dice", "weight": 2.0}, {"name": "hausdorff_dt", "params": {"log": True}}]
    expected = 2 * of_three("dice") + of_three("hausdorff_dt", {"log": True})
    assert of_three("weighted_sum", {"parts": parts}) == pytest.approx(expected, rel=1e-6)
