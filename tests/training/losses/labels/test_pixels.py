"""Losses of pixels beside their reference values."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from tests.training.losses.labels.fixtures import LABELS, THREE_LOGITS, of_three, value
from vocalsep.errors import RecipeError
from vocalsep.recipe import Part
from vocalsep.training.losses.labels import IGNORE, build_label_loss


def test_sigmoids_of_classes_are_binary_losses() -> None:
    masks = F.one_hot(LABELS, 3).movedim(-1, 1).float()
    expected = F.binary_cross_entropy_with_logits(THREE_LOGITS, masks).item()
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


def test_focal_without_focus_is_cross_entropy() -> None:
    assert of_three("focal", {"gamma": 0}) == pytest.approx(of_three("cross_entropy"), abs=1e-6)


def test_class_weights_must_fit() -> None:
    for name, key in (
        ("cross_entropy", "class_weights"),
        ("focal", "alpha"),
        ("unet_border", "class_weights"),
    ):
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
        ("top_k", {"percent": 0}, "at most 100"),
        ("ohem", {"threshold": 0}, "at most 1"),
        ("ohem", {"min_kept": 0}, "at least 1"),
        ("tversky", {"alpha": -1}, "none below 0"),
        ("sensitivity_specificity", {"ratio": 2}, "0 to 1"),
        ("hausdorff_er", {"n_erosions": 0}, "at least 1"),
        ("unet_border", {"width": 0}, "more than 0"),
        ("weighted_sum", {"parts": []}, "parts is empty"),
        ("weighted_sum", {"parts": [{"name": "dise"}]}, "did you mean 'dice'"),
    ],
)
def test_impossible_parameters_are_named(name: str, params: dict[str, object], says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        build_label_loss(Part(name, params))
