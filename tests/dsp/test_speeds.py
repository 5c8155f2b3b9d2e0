"""The mean over playing speeds: aligned, of the right length, margins and all."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from vocalsep.dsp.speeds import mean_over_speeds

SEMITONE = 2 ** (1 / 12)


def bells(n_samples: int) -> Tensor:
    """(2, 2, L) short tones below 5 kHz with silence at both ends: any speed can carry them."""
    place = torch.linspace(0, 1, n_samples)
    tones = [torch.sin(2 * math.pi * 0.02 * (k + 1) * torch.arange(n_samples)) for k in range(4)]
    envelope = torch.exp(-(((place - 0.4) / 0.1) ** 2))
    return (torch.stack(tones) * envelope).reshape(2, 2, n_samples)


@pytest.mark.parametrize("speeds", [(1.0,), (1 / SEMITONE, SEMITONE), (0.5, 1.0, 2.0)])
@pytest.mark.parametrize("margin", [0, 300])
def test_what_an_identity_hears_comes_back(speeds: tuple[float, ...], margin: int) -> None:
    lengths = []

    def identity(mixture: Tensor) -> Tensor:
        lengths.append(mixture.shape[-1])
        return mixture[..., margin : mixture.shape[-1] - margin].unsqueeze(1)

    mixture = bells(20_011)
    found = mean_over_speeds(identity, mixture, speeds, margin)
    assert found.shape == (2, 1, 2, 20_011 - 2 * margin)
    expected = mixture[..., margin : 20_011 - margin].unsqueeze(1)
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=0)
    wanted = [20_011 if s == 1 else round(20_011 / s) + 2 * margin for s in speeds]
    assert lengths == wanted


def test_the_mean_is_of_the_speeds() -> None:
    """An estimator that only hears slow music: half of the answers are silent."""

    def slow_only(mixture: Tensor) -> Tensor:
        return mixture.unsqueeze(1) * float(mixture.shape[-1] > 20_011)

    mixture = bells(20_011)
    found = mean_over_speeds(slow_only, mixture, (1 / SEMITONE, SEMITONE), 0)
    torch.testing.assert_close(found[:, 0], mixture / 2, atol=1e-3, rtol=0)


@pytest.mark.parametrize("n_samples", [1, 2, 17])
def test_next_to_nothing(n_samples: int) -> None:
    mixture = torch.ones(1, 2, n_samples)
    found = mean_over_speeds(lambda x: x.unsqueeze(1), mixture, (1 / SEMITONE, SEMITONE), 0)
    assert found.shape == (1, 1, 2, n_samples) and torch.isfinite(found).all()
