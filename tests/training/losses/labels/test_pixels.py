"""Losses of pixels: reference values."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from tests.training.losses.labels.fixtures import (
    LABELS,
    MASK,
    ONE_LOGIT,
    THREE_LOGITS,
    of_three,
    of_two,
    value,
)
from vocalsep.errors import RecipeError
from vocalsep.recipe import Part
from vocalsep.training.losses.labels import IGNORE, build_label_loss


@pytest.mark.parametrize(
    ("name", "params", "expected"),
    [
        ("cross_entropy", {}, 1.190017),
        ("cross_entropy", {"class_weights": [1, 2, 3]}, 1.243619),
        ("cross_entropy", {"label_smoothing": 0.1}, 1.202241),
        ("focal", {}, 0.709372),
        ("focal", {"gamma": 0}, 1.190017),
    ],
)
def test_three_classes(name: str, params: dict[str, object], expected: float) -> None:
    assert of_three(name, params) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "params", "expected"),
    [
        ("cross_entropy", {}, 0.817994),
        ("focal", {}, 0.310051),
        ("focal", {"alpha": [0.75, 0.25]}, 0.183896),
    ],
)
def test_two_classes(name: str, params: dict[str, object], expected: float) -> None:
    assert of_two(name, params) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("positive", "expected"), [(1.0, 0.817994), (3.0, 1.381606)])
def test_one_sigmoid(positive: float, expected: float) -> None:
    loss = build_label_loss(Part("sigmoid_cross_entropy", {"positive_weight": positive}))
    assert value(loss, ONE_LOGIT, MASK).item() == pytest.approx(expected, abs=1e-6)


def test_sigmoids_of_classes_are_binary_losses() -> None:
    one_by_one = [
        F.binary_cross_entropy_with_logits(THREE_LOGITS[:, k], (k == LABELS).float())
        for k in range(3)
    ]
    expected = torch.stack(one_by_one).mean().item()
    assert of_three("sigmoid_cross_entropy") == pytest.approx(expected, abs=1e-6)


def test_cross_entropy_is_that_of_torch() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 4, 5, 6, 7, generator=generator)
    labels = torch.randint(0, 4, (2, 5, 6, 7), generator=generator)
    labels[0, :2] = IGNORE
    weights = [0.5, 2.0, 0.0, 1.0]
    params = {"class_weights": weights, "label_smoothing": 0.2}
    found = value(build_label_loss(Part("cross_entropy", params)), logits, labels)
    expected = F.cross_entropy(
        logits, labels, torch.tensor(weights), ignore_index=IGNORE, label_smoothing=0.2
    )
    torch.testing.assert_close(found, expected)


def test_class_weights_must_fit() -> None:
    for name, key in (("cross_entropy", "class_weights"), ("focal", "alpha")):
        loss = build_label_loss(Part(name, {key: [1.0, 2.0]}))
        loss.weight(LABELS)
        with pytest.raises(RecipeError, match="2 class weights for 3 classes"):
            loss.total(THREE_LOGITS, LABELS)


@pytest.mark.parametrize(
    ("name", "params", "says"),
    [
        ("cross_entropy", {"class_weights": [1, -1]}, "none below 0"),
        ("cross_entropy", {"label_smoothing": 1.5}, "0 to 1"),
        ("focal", {"gamma": 0.5}, "at least 1"),
    ],
)
def test_impossible_parameters_are_named(name: str, params: dict[str, object], says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        build_label_loss(Part(name, params))
