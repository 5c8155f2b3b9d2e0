"""Losses on waveforms: closed forms."""

from __future__ import annotations

import math

import pytest
import torch

from tests.training.losses.signals import noise, of_waveforms
from tests.training.losses.test_contract import value
from vocalsep.evaluation.metrics import sdr
from vocalsep.training.losses.waveform import (
    MultiResolutionSTFT,
    NegativeSDR,
    WaveformL1,
    WaveformL2,
)


def test_means_of_samples() -> None:
    truth = noise()
    wrong = truth.clone()
    wrong[:, 0] += 0.2  # one of two stems
    pair = of_waveforms(wrong), of_waveforms(truth)
    assert value(WaveformL1(), *pair).item() == pytest.approx(0.1)
    assert value(WaveformL2(), *pair).item() == pytest.approx(0.02)


def test_sdr_is_the_metric_with_a_minus() -> None:
    truth, wrong = noise(1, 1), noise(1, 1) + 0.1 * noise(1, 1, seed=1)
    found = value(NegativeSDR(), of_waveforms(wrong), of_waveforms(truth)).item()
    assert found == pytest.approx(-sdr(truth[0, 0].numpy(), wrong[0, 0].numpy()), abs=1e-3)


def test_sdr_closed_form() -> None:
    truth = of_waveforms(noise())
    scaled = of_waveforms(0.9 * noise())
    assert value(NegativeSDR(), scaled, truth).item() == pytest.approx(-20.0, abs=1e-3)


def test_si_sdr_forgives_the_level_and_knows_orthogonal_errors() -> None:
    time = torch.arange(256) / 256
    sine, cosine = torch.sin(2 * math.pi * 8 * time), torch.cos(2 * math.pi * 8 * time)
    truth = of_waveforms(sine.expand(1, 1, 1, -1))
    wrong = of_waveforms((3 * sine + 0.3 * cosine).expand(1, 1, 1, -1))
    found = value(NegativeSDR(scale_invariant=True), wrong, truth).item()
    assert found == pytest.approx(-20.0, abs=1e-3)  # 3² against 0.3²


def test_silent_stems_have_no_ratio() -> None:
    truth, wrong = noise(), 0.9 * noise()
    truth[0, 0], wrong[0, 0] = 0, 1.0
    found = value(NegativeSDR(), of_waveforms(wrong), of_waveforms(truth)).item()
    assert found == pytest.approx(-20.0, abs=1e-3)


def test_what_counts_as_perfect_is_the_least_ratio() -> None:
    truth, loss = noise(), NegativeSDR(max_db=30.0)
    assert value(loss, of_waveforms(truth), of_waveforms(truth)).item() == pytest.approx(
        -30, abs=1e-3
    )
    found = value(loss, of_waveforms(0.9 * truth), of_waveforms(truth)).item()
    assert found == pytest.approx(10 * math.log10(0.01 + 0.001), abs=1e-3)


@pytest.mark.parametrize("max_db", [None, 30.0])
def test_solved_examples_drown_the_others_unless_bounded(max_db: float | None) -> None:
    """Gradients of two examples that are 10 dB and 70 dB right."""
    truth, loss = noise(batch=2), NegativeSDR(max_db=max_db)
    errors = noise(batch=2, seed=1) * torch.tensor([10 ** (-10 / 20), 10 ** (-70 / 20)])[
        :, None, None, None
    ]  # fmt: skip
    estimate = (truth + errors).requires_grad_()
    value(loss, of_waveforms(estimate), of_waveforms(truth)).backward()
    assert estimate.grad is not None
    unsolved, solved = estimate.grad.flatten(1).norm(dim=1).tolist()
    assert solved > 100 * unsolved if max_db is None else solved < unsolved


def test_resolutions_of_a_scaled_signal() -> None:
    """Half the level: the first term is ½, the second ln 2 wherever the floor is far below."""
    truth = noise(1)
    loss = MultiResolutionSTFT(n_ffts=[32, 64], log_weight=0.5, floor=1e-6)
    found = value(loss, of_waveforms(0.5 * truth), of_waveforms(truth)).item()
    assert found == pytest.approx(0.5 + 0.5 * math.log(2), rel=2e-3)
