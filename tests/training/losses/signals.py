"""Made signals for the losses."""

from __future__ import annotations

import torch
from torch import Tensor

from vocalsep.dsp.front_end import FrontEnd
from vocalsep.dsp.signals import Signals

FRONT_END = FrontEnd(n_fft=64, hop_length=16, n_bins=30)


def of_spectra(spectra: Tensor) -> Signals:
    """Signals that are only known by their spectra, (B, S, C, F', T)."""

    def no_waveforms() -> Tensor:
        raise AssertionError("the loss asked for waveforms")

    return Signals(no_waveforms, lambda: spectra)


def of_waveforms(waveforms: Tensor) -> Signals:
    """Signals of (B, S, C, N)."""
    return Signals.from_waveforms(waveforms, FRONT_END)


def noise(n_stems: int = 2, batch: int = 3, seed: int = 0) -> Tensor:
    """(B, S, 2, 256) noise."""
    generator = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(batch, n_stems, 2, 256, generator=generator)
