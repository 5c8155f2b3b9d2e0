"""Losses of the hardest pixels."""

from __future__ import annotations

import pytest

from tests.training.losses.labels.fixtures import LABELS, THREE_LOGITS, of_three
from vocalsep.training.losses.labels.pixels import log_losses

OF_RIGHT = THREE_LOGITS.softmax(1).gather(1, LABELS[:, None]).flatten()  # P_y


@pytest.mark.parametrize(
    ("threshold", "min_kept", "n_kept"), [(0.2, 3, 5), (0.2, 9, 9), (0.5, 1, 10), (0.2, 100, 16)]
)
def test_ohem_keeps_what_is_not_sure(threshold: float, min_kept: int, n_kept: int) -> None:
    """P_y ≤ max(threshold, the min_kept-th smallest)."""
    nth = OF_RIGHT.sort().values[min(min_kept, 16) - 1].item()
    kept = max(threshold, nth) >= OF_RIGHT
    assert kept.sum() == n_kept
    expected = -OF_RIGHT[kept].log().mean().item()
    found = of_three("ohem", {"threshold": threshold, "min_kept": min_kept})
    assert found == pytest.approx(expected, abs=1e-6)


def test_all_of_the_pixels_are_cross_entropy() -> None:
    expected = log_losses(THREE_LOGITS, LABELS).mean().item()
    assert of_three("top_k", {"percent": 100}) == pytest.approx(expected, abs=1e-6)
    assert of_three("ohem") == pytest.approx(expected, abs=1e-6)


def test_at_least_one_pixel_counts() -> None:
    worst = log_losses(THREE_LOGITS, LABELS).max().item()
    assert of_three("top_k", {"percent": 0.1}) == pytest.approx(worst, abs=1e-6)
