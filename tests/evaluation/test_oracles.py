"""Oracles: sums, order, closed forms, and pieces that are what the whole would give."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.helpers.synth import RATE, music, voice
from vocalsep.dsp.mask import ideal_ratio_mask
from vocalsep.dsp.stft import STFT
from vocalsep.evaluation import oracles
from vocalsep.evaluation.metrics import sdr
from vocalsep.evaluation.oracles import ORACLES, Oracle


@pytest.fixture
def sources() -> np.ndarray:
    """(3, 2, N)."""
    n = 2 * RATE
    return np.stack([voice(n), music(n), np.roll(voice(n, 3), 999, -1) * [[0.2], [1.0]]]).astype(
        np.float32
    )


@pytest.mark.parametrize("kind", ORACLES)
def test_estimates_add_up_and_beat_the_mixture(
    sources: np.ndarray, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mixture = sources.sum(0)
    found = Oracle(kind, STFT(256, 64)).estimate(sources, mixture)
    assert found.shape == sources.shape and found.dtype == np.float32
    np.testing.assert_allclose(found.sum(0), mixture, atol=1e-4)
    for true, estimate in zip(sources, found, strict=True):
        assert sdr(true, estimate) > sdr(true, mixture) + 5
    monkeypatch.setattr(oracles, "_CHUNK_FRAMES", 20)  # many pieces
    pieces = Oracle(kind, STFT(256, 64)).estimate(sources, mixture)
    # Borders of pieces are padded with silence, which the covariances of MWF notice a little.
    np.testing.assert_allclose(pieces, found, atol=2e-3 if kind == "MWF" else 1e-5)


@pytest.mark.parametrize(("kind", "power"), [("IRM1", 1.0), ("IRM2", 2.0)])
def test_ratio_masks(sources: np.ndarray, kind: str, power: float) -> None:
    stft = STFT(256, 64)
    pair = sources[:2]
    spectra = stft.analyse(torch.from_numpy(pair))
    mask = ideal_ratio_mask(spectra[0], spectra[1], power)
    wanted = stft.synthesise((mask * spectra.sum(0))[None], pair.shape[-1])[0]
    found = Oracle(kind, stft).estimate(pair, pair.sum(0))[0]
    np.testing.assert_allclose(found, wanted.numpy(), atol=1e-5)


def test_silence_and_one_sample() -> None:
    for kind in ORACLES:
        for n_samples in (1, 300):
            nothing = np.zeros((2, 1, n_samples), np.float32)
            assert not Oracle(kind, STFT(64, 16)).estimate(nothing, nothing[0]).any()
