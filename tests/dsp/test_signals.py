"""Two views of the same sources: computed when asked for, once, with gradients."""

from __future__ import annotations

import pytest
import torch

from vocalsep.dsp.front_end import FrontEnd
from vocalsep.dsp.signals import Signals

WHOLE, LOW = FrontEnd(64, 16, 33), FrontEnd(64, 16, 20)


def test_from_waveforms_to_spectra_and_back() -> None:
    waveforms = torch.randn(2, 3, 1, 200)
    signals = Signals.from_waveforms(waveforms, WHOLE)
    assert signals.waveforms is waveforms
    assert signals.spectra.shape == (2, 3, 1, 33, 14)
    assert torch.equal(signals.magnitudes, signals.spectra.abs())
    back = Signals.from_spectra(signals.spectra, WHOLE, 200)
    torch.testing.assert_close(back.waveforms, waveforms, atol=1e-5, rtol=0)


def test_a_low_band_cuts_what_is_above() -> None:
    waveforms = torch.randn(1, 2, 2, 200)
    spectra = Signals.from_waveforms(waveforms, LOW).spectra
    assert torch.equal(spectra, Signals.from_waveforms(waveforms, WHOLE).spectra[..., :20, :])
    low = Signals.from_spectra(spectra, LOW, 200).waveforms
    above = WHOLE.spectra(low)[..., 22:, 2:-2]  # windows smear by a bin or two
    assert above.abs().max() < 0.2 * spectra.abs().max()
    assert low.square().mean() < waveforms.square().mean()


def test_nothing_is_computed_that_nobody_asks_for() -> None:
    asked: list[str] = []

    def view(name: str) -> torch.Tensor:
        asked.append(name)
        return torch.ones(1, 1, 1, 4)

    signals = Signals(lambda: view("waveforms"), lambda: view("spectra"))
    doubled = signals.map(lambda values: 2 * values)
    assert asked == []
    assert doubled.waveforms.max() == 2 and doubled.waveforms is doubled.waveforms
    assert asked == ["waveforms"]


@pytest.mark.parametrize("view", ["waveforms", "spectra", "magnitudes"])
def test_gradients_flow_through_every_view(view: str) -> None:
    waveforms = torch.randn(1, 1, 1, 100, requires_grad=True)
    spectra = Signals.from_waveforms(waveforms, LOW).spectra
    signals = Signals.from_spectra(spectra, LOW, 100)
    getattr(signals, view).abs().sum().backward()
    assert waveforms.grad is not None and waveforms.grad.abs().min() > 0
