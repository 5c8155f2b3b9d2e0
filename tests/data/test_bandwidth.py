"""Where a band ends, and where it only fades."""

from __future__ import annotations

import numpy as np
import pytest

from vocalsep.data.augment.codec import round_trip
from vocalsep.data.augment.filters import Bandwidth, Sound
from vocalsep.data.bandwidth import bandwidth_hz

RATE = 44100


def noise(slope_db_per_octave: float = 0.0, seconds: float = 3.0) -> np.ndarray:
    """(2, N) noise that falls towards high frequencies, at 16 bits."""
    rng = np.random.default_rng(0)
    n = int(seconds * RATE)
    spectrum = np.fft.rfft(rng.standard_normal((2, n)))
    octaves = np.log2(np.maximum(np.fft.rfftfreq(n, 1 / RATE), 50.0) / 50.0)
    samples = np.fft.irfft(spectrum * 10 ** (slope_db_per_octave * octaves / 20), n)
    samples *= 0.3 / np.abs(samples).max()
    return (np.round(samples * 32767) / 32767).astype(np.float32)


@pytest.mark.parametrize("slope", [0.0, -3.0, -6.0, -12.0])
def test_what_fades_is_not_cut_off(slope: float) -> None:
    assert bandwidth_hz(noise(slope), RATE) == RATE / 2


@pytest.mark.parametrize("cutoff_hz", [3500.0, 8000.0, 16000.0])
@pytest.mark.parametrize("slope", [0.0, -3.0])
def test_a_low_pass_is_found(cutoff_hz: float, slope: float) -> None:
    sound = Sound(noise(slope), RATE / 2)
    cut = Bandwidth(RATE, (cutoff_hz, cutoff_hz), p=1.0)(np.random.default_rng(0), sound)
    samples = (np.round(cut.samples * 32767) / 32767).astype(np.float32)
    assert bandwidth_hz(samples, RATE) == pytest.approx(cutoff_hz, rel=0.06)


@pytest.mark.parametrize(("kbps", "expected_hz"), [(64.0, 11_000), (128.0, 17_000)])
def test_mp3_shows_its_own_low_pass(kbps: float, expected_hz: float) -> None:
    coded = round_trip(noise(-3.0), RATE, "mp3", kbps)
    assert bandwidth_hz(coded, RATE) == pytest.approx(expected_hz, rel=0.06)


def test_an_upsampled_file_shows_its_old_rate() -> None:
    import soxr

    slow = noise(-3.0)
    upsampled = soxr.resample(slow.T, 16000, RATE, quality="VHQ").T.astype(np.float32)
    assert bandwidth_hz(upsampled, RATE) == pytest.approx(8000, rel=0.06)


def test_a_pure_low_tone_is_not_cut_off() -> None:
    """Nothing above it is what it is, not what a codec took away."""
    tone = 0.3 * np.sin(2 * np.pi * 110 * np.arange(2 * RATE) / RATE)
    assert bandwidth_hz(np.stack([tone, tone]).astype(np.float32), RATE) == RATE / 2


@pytest.mark.parametrize("n", [0, 100, 5000])
def test_silence_and_scraps_tell_nothing(n: int) -> None:
    assert bandwidth_hz(np.zeros((2, n), np.float32), RATE) == RATE / 2
