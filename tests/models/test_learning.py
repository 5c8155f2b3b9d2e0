"""Separators over-fit a batch of tones in noise: what is trained is what separates."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.models.test_every_separator import RECIPES
from vocalsep.dsp.signals import Signals
from vocalsep.models.build import build_separator

N_SAMPLES = 1024
BATCH = 4
KINDS = ["mask bounded_complex", "mask magnitude", "mask softmax", "wave difference", "wave direct"]


def tones_in_noise(n_samples: int) -> Tensor:
    """(B, 2, C, N): steady tones, and noise 3 dB below."""
    time = torch.arange(n_samples) / 8000
    tones = [0.1 * torch.sin(2 * torch.pi * (300 + 100 * k) * time) for k in range(BATCH)]
    noise = 0.05 * torch.randn(BATCH, 2, n_samples, generator=torch.Generator().manual_seed(0))
    return torch.stack([torch.stack(tones)[:, None].expand(-1, 2, -1), noise], dim=1)


def loss_of(name: str, estimates: Signals, truth: Signals) -> Tensor:
    """What suits the kind: log magnitudes for magnitudes, what hears phase for all others."""
    if "magnitude" in name:
        error = torch.log1p(estimates.magnitudes) - torch.log1p(truth.magnitudes)
        return error.square().mean()
    return (estimates.waveforms - truth.waveforms).square().mean() * 100


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_a_batch_is_learnt(name: str) -> None:
    torch.manual_seed(0)
    separator = build_separator(RECIPES[name])
    margin = separator.margin_samples
    sources = tones_in_noise(N_SAMPLES + 2 * margin)
    mixture = sources.sum(1)
    truth = Signals.from_waveforms(sources[..., margin : margin + N_SAMPLES], separator.front_end)
    whole = truth.map(lambda view: view.sum(1, keepdim=True))
    optimizer = torch.optim.Adam(separator.parameters(), lr=1e-2)
    for _ in range(100):
        stems = separator.rule.trained_stems(separator.estimate(mixture), whole)
        optimizer.zero_grad()
        loss_of(name, stems, truth).backward()
        optimizer.step()
    separator.eval()
    with torch.no_grad():
        out = separator.rule.stems_of(separator.forward_valid(mixture), whole.waveforms)
    error = (out - truth.waveforms).square().sum((0, 2, 3))
    sdr_db = 10 * torch.log10(truth.waveforms.square().sum((0, 2, 3)) / error)
    assert sdr_db[0] > 3 + 4, sdr_db  # the mixture itself scores 3 dB
