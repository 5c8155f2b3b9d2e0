"""Losses: zero at the truth, closed forms, and no say for unknown bands."""

from __future__ import annotations

import pytest
import torch

from vocalsep.training.losses import LOSSES, MagnitudeL1

SHAPE = (2, 2, 6, 5)  # B, C, F', T


def example() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Disjoint sources, so that the right mask is exact: voice in even bins, music in odd ones."""
    torch.manual_seed(0)
    even = (torch.arange(6) % 2 == 0).float()[:, None]
    spectrum = torch.randn(SHAPE, dtype=torch.complex64)
    sources = torch.stack([spectrum * even, spectrum * (1 - even)], 1)  # (B, 2, C, F', T)
    masks = even.expand(2, 1, *SHAPE[1:]).clone()
    return masks, spectrum, sources, torch.ones(2, 1, 6, 1, dtype=torch.bool)


@pytest.mark.parametrize("name", LOSSES.names())
class TestContract:
    def test_the_truth_costs_nothing(self, name: str) -> None:
        assert LOSSES.build(name, {})(*example()) < 1e-4

    def test_errors_cost_and_have_a_gradient(self, name: str) -> None:
        masks, mixture, sources, valid = example()
        wrong = (0.5 * torch.ones_like(masks)).requires_grad_()
        loss = LOSSES.build(name, {})(wrong, mixture, sources, valid)
        loss.backward()
        assert loss > 0.1
        assert wrong.grad is not None and torch.isfinite(wrong.grad).all() and wrong.grad.any()

    def test_bins_above_the_band_do_not_count(self, name: str) -> None:
        masks, mixture, sources, valid = example()
        valid[:, :, 4:] = False
        masks[:, :, :, 4:] = 0.123
        assert LOSSES.build(name, {})(masks, mixture, sources, valid) < 1e-4

    def test_silence_is_finite(self, name: str) -> None:
        masks, mixture, sources, valid = example()
        loss = LOSSES.build(name, {})(masks, 0 * mixture, 0 * sources, valid)
        assert torch.isfinite(loss)


def test_magnitude_l1_closed_form() -> None:
    mixture = torch.full((1, 1, 1, 1), 4.0 + 0j)
    sources = torch.stack([3.0 * torch.ones_like(mixture), 1.0 * torch.ones_like(mixture)], 1)
    valid = torch.ones(1, 1, 1, 1, dtype=torch.bool)
    mask = torch.full((1, 1, 1, 1, 1), 0.5)
    # |0.5·4 − 3| = 1 and |0.5·4 − 1| = 1, relative to |4|
    assert MagnitudeL1()(mask, mixture, sources, valid).item() == pytest.approx(2 / 4)
    assert MagnitudeL1(0.0)(mask, mixture, sources, valid).item() == pytest.approx(1 / 4)
