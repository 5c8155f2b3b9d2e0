"""Values that published implementations give (torch, MONAI 1.6, segmentation_models.pytorch)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.training.losses.labels.fixtures import MASK, ONE_LOGIT, of_three, of_two, value
from vocalsep.recipe import Part
from vocalsep.training.losses.labels import build_label_loss

FOREGROUND = {"include_background": False}
DICE_AND_CROSS_ENTROPY = {"parts": [{"name": "dice"}, {"name": "cross_entropy"}]}


@pytest.mark.parametrize(
    ("name", "params", "expected"),
    [
        ("cross_entropy", {}, 1.190017),
        ("cross_entropy", {"class_weights": [1, 2, 3]}, 1.243619),
        ("cross_entropy", {"label_smoothing": 0.1}, 1.202241),
        ("focal", {}, 0.709372),
        ("dice", {}, 0.632543),
        ("generalised_dice", {}, 0.651204),
        ("jaccard", {}, 0.770888),
        ("lovasz_softmax", {}, 0.651758),
        ("top_k", {"percent": 25}, 2.151885),
        ("top_k", {"percent": 10}, 2.718952),
        ("boundary", {}, 0.283966),
        ("boundary", FOREGROUND, 0.241505),
        ("hausdorff_dt", FOREGROUND, 0.850953),
        ("iou_balanced", {}, 19.040272 / 16),
        ("weighted_sum", DICE_AND_CROSS_ENTROPY, 1.822559),
    ],
)
def test_three_classes(name: str, params: dict[str, Any], expected: float) -> None:
    assert of_three(name, params) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "params", "expected"),
    [
        ("cross_entropy", {}, 0.817994),
        ("focal", {}, 0.310051),
        ("focal", {"alpha": [0.75, 0.25]}, 0.183896),
        ("dice", FOREGROUND, 0.587550),
        ("v_net_dice", FOREGROUND, 0.452676),
        ("jaccard", FOREGROUND, 0.740197),
        ("tversky", FOREGROUND, 0.557455),
        ("distance_penalised", {}, 1.462679),
        ("sensitivity_specificity", {"ratio": 0.1, **FOREGROUND}, 0.321984),
        ("sensitivity_specificity", {"ratio": 0.05, **FOREGROUND}, 0.324481),
        ("boundary", FOREGROUND, 0.390633),
        ("hausdorff_dt", FOREGROUND, 0.823392),
        ("hausdorff_dt", {"log": True, **FOREGROUND}, 0.600698),
        ("mcc", FOREGROUND, 1.049177),
    ],
)
def test_two_classes(name: str, params: dict[str, Any], expected: float) -> None:
    assert of_two(name, params) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "params", "expected"),
    [
        ("sigmoid_cross_entropy", {}, 0.817994),
        ("sigmoid_cross_entropy", {"positive_weight": 3.0}, 1.381606),
        ("lovasz_hinge", {}, 1.439497),
    ],
)
def test_one_logit(name: str, params: dict[str, Any], expected: float) -> None:
    loss = build_label_loss(Part(name, params))
    assert value(loss, ONE_LOGIT, MASK).item() == pytest.approx(expected, abs=1e-6)
