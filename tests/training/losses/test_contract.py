"""Every loss: nothing at the truth, a gradient elsewhere, and the same value however it is cut."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.training.losses.signals import FRONT_END, noise, of_waveforms
from vocalsep.dsp.signals import Signals
from vocalsep.errors import RecipeError
from vocalsep.recipe import Part
from vocalsep.training.losses import LOSSES, Loss, build_loss

PARAMS = {
    "weighted_sum": {
        "parts": [{"name": "waveform_l1", "weight": 2.0}, {"name": "complex_l1"}],
    }
}
CASES = [Part(name, PARAMS.get(name, {})) for name in LOSSES.names()]
CASES.append(Part("sdr", {"scale_invariant": True}))
CASES.append(Part("sdr", {"max_db": 70.0}))
RATIOS = {"sdr"}  # the better, the lower, without bound or far down


def everything(batch: int = 3) -> Tensor:
    return torch.ones(batch, 1, 1, FRONT_END.n_bins, 1, dtype=torch.bool)


def value(loss: Loss, estimate: Signals, truth: Signals, valid: Tensor | None = None) -> Tensor:
    total, weight = loss.total(estimate, truth, valid), loss.weight(truth, valid)
    assert total.shape == weight.shape and total.ndim == 1
    assert not weight.requires_grad
    return (total / weight.clamp_min(1e-6)).sum()


@pytest.fixture(params=CASES, ids=lambda part: f"{part.name} {part.params or ''}".strip())
def part(request: pytest.FixtureRequest) -> Part:
    return request.param


def test_the_truth_costs_nothing(part: Part) -> None:
    truth = of_waveforms(noise())
    found = value(build_loss(part), truth, truth, everything())
    assert found < (-60 if part.name in RATIOS else 1e-3)


def test_errors_cost_and_have_a_gradient(part: Part) -> None:
    truth = of_waveforms(noise())
    wrong = (noise(seed=1) + noise()).requires_grad_()
    loss = build_loss(part)
    found = value(loss, of_waveforms(wrong), truth, everything())
    found.backward()
    assert found > value(loss, truth, truth, everything()) + 1e-4
    assert wrong.grad is not None and torch.isfinite(wrong.grad).all() and wrong.grad.any()


def test_silence_is_finite(part: Part) -> None:
    silence = torch.zeros(3, 2, 2, 256)
    estimate = silence.clone().requires_grad_()
    found = value(build_loss(part), of_waveforms(estimate), of_waveforms(silence), everything())
    found.backward()
    assert torch.isfinite(found)
    assert estimate.grad is not None and torch.isfinite(estimate.grad).all()


def test_it_does_not_depend_on_how_the_batch_is_cut(part: Part) -> None:
    loss, truth, wrong = build_loss(part), noise(batch=4), noise(batch=4, seed=1)
    truth[0, 0] = 0  # so that the pieces weigh differently
    valid = everything(4)
    valid[1, ..., 10:, :] = False
    whole = value(loss, of_waveforms(wrong), of_waveforms(truth), valid)
    pieces = [slice(0, 1), slice(1, 4)]
    total = sum(
        loss.total(of_waveforms(wrong[p]), of_waveforms(truth[p]), valid[p]) for p in pieces
    )
    weight = sum(loss.weight(of_waveforms(truth[p]), valid[p]) for p in pieces)
    torch.testing.assert_close((total / weight).sum(), whole, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["magnitude_l1", "magnitude_l2", "complex_l1", "log_mse"])
def test_bins_above_the_band_do_not_count(name: str) -> None:
    truth = FRONT_END.spectra(noise())
    wrong = truth.clone()
    wrong[..., 12:, :] += 1.0
    valid = everything()
    valid[..., 12:, :] = False
    signals = [Signals(lambda: torch.zeros(0), lambda s=s: s) for s in (wrong, truth)]  # type: ignore[misc]
    assert value(build_loss(Part(name)), *signals, valid) < 1e-3
    assert value(build_loss(Part(name)), *signals, everything()) > 0.01


def test_stem_weights_choose_the_stems() -> None:
    truth, wrong = noise(3), noise(3)
    wrong[:, 1] += 0.5
    for weights, expected in (([1.0, 0.0, 1.0], 0.0), ([0.0, 3.0, 0.0], 0.5)):
        loss = build_loss(Part("waveform_l1", {"stem_weights": weights}))
        found = value(loss, of_waveforms(wrong), of_waveforms(truth))
        assert found.item() == pytest.approx(expected, abs=1e-6)  # mean over 3 stems of 3 × 0.5


def test_stem_weights_must_fit() -> None:
    loss = build_loss(Part("waveform_l1", {"stem_weights": [1.0]}))
    with pytest.raises(RecipeError, match="1 stem_weights for 2 stems"):
        loss.total(of_waveforms(noise()), of_waveforms(noise()), None)
