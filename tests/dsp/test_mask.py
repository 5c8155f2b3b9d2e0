"""Masks on spectra: closed forms."""

from __future__ import annotations

import torch

from vocalsep.dsp.mask import apply_mask, ideal_ratio_mask


def test_bins_above_the_mask_become_zero() -> None:
    spectrum = torch.ones(1, 2, 5, 3, dtype=torch.complex64)
    out = apply_mask(torch.full((1, 4, 2, 3, 3), 0.5), spectrum)
    assert out.shape == (1, 4, 2, 5, 3)
    assert torch.equal(out[..., :3, :], torch.full((1, 4, 2, 3, 3), 0.5, dtype=torch.complex64))
    assert out[..., 3:, :].abs().max() == 0


def test_ideal_ratio_mask_closed_form() -> None:
    target, residual = torch.tensor([3.0, 0.0, 0.0]), torch.tensor([1.0, 2.0, 0.0])
    torch.testing.assert_close(ideal_ratio_mask(target, residual), torch.tensor([0.75, 0.0, 0.0]))
    torch.testing.assert_close(
        ideal_ratio_mask(target, residual, power=2.0), torch.tensor([0.9, 0.0, 0.0])
    )


def test_ideal_masks_of_both_stems_sum_to_one() -> None:
    a, b = torch.rand(2, 7, 5), torch.rand(2, 7, 5) + 0.1
    total = ideal_ratio_mask(a, b) + ideal_ratio_mask(b, a)
    torch.testing.assert_close(total, torch.ones_like(total))
