"""The STFT against librosa, and its round trip."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vocalsep.dsp.stft import STFT


@pytest.mark.parametrize(
    ("n_fft", "hop_length"), [(64, 16), (64, 32), (64, 48), (100, 25), (1024, 768), (4096, 1024)]
)
@pytest.mark.parametrize("n_samples", [1, 2, 31, 32, 63, 64, 1000, 4099])
def test_round_trip(n_fft: int, hop_length: int, n_samples: int, rng: np.random.Generator) -> None:
    stft = STFT(n_fft, hop_length)
    signal = torch.from_numpy(rng.standard_normal((2, 3, n_samples)).astype(np.float32))
    spectrum = stft.analyse(signal)
    assert spectrum.shape == (2, 3, stft.n_bins, stft.n_frames(n_samples))
    torch.testing.assert_close(stft.synthesise(spectrum, n_samples), signal, atol=5e-6, rtol=0)


def test_equals_librosa(rng: np.random.Generator) -> None:
    librosa = pytest.importorskip("librosa")
    signal = rng.standard_normal(5120).astype(np.float32)  # whole hops: both frame it alike
    ours = STFT(512, 128).analyse(torch.from_numpy(signal)[None, None])[0, 0].numpy()
    theirs = librosa.stft(signal, n_fft=512, hop_length=128, pad_mode="constant")
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_a_tone_lands_in_its_bin() -> None:
    n_fft, sample_rate = 1024, 8192
    time = torch.arange(8192) / sample_rate
    tone = torch.sin(2 * torch.pi * 1000.0 * time)
    magnitude = STFT(n_fft, 256).analyse(tone[None, None])[0, 0].abs()
    assert int(magnitude[:, 16].argmax()) == 1000 * n_fft // sample_rate


@pytest.mark.parametrize(("hop_length", "least"), [(512, 0.5), (768, 0.0429)])
def test_how_much_of_the_window_is_left_where_frames_meet(hop_length: int, least: float) -> None:
    """What the inverse divides by, and so what makes errors louder: documented at `hop_length`."""
    squared = STFT(1024, hop_length).window.square()
    envelope = torch.zeros(10 * hop_length + 1024)
    for start in range(0, 10 * hop_length, hop_length):
        envelope[start : start + 1024] += squared
    inside = envelope[1024 : 9 * hop_length]
    assert float(inside.min()) == pytest.approx(least, abs=1e-4)
