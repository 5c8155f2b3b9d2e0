"""Speed, stretch, pitch, formants and codecs, on signals whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from vocalsep.data.augment.base import Segment, Sound
from vocalsep.data.augment.codec import CODECS, LossyCodec, round_trip
from vocalsep.data.augment.tempo import Formant, Harmony, Pitch, Speed, TimeStretch

RATE = 16000


def tone(hz: float, seconds: float = 1.0) -> Sound:
    samples = 0.3 * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE)
    return Sound(np.stack([samples, samples]).astype(np.float32), RATE / 2)


def pitch_of(segment: Segment) -> float:
    """Frequency of the strongest bin, Hz."""
    windowed = segment[0] * np.hanning(segment.shape[1])
    return float(np.argmax(np.abs(np.fft.rfft(windowed, 8 * RATE))) / 8)


def test_speed_moves_pitch_length_and_band(rng: np.random.Generator) -> None:
    slow = Speed(RATE, factor=(0.8, 0.8))(rng, tone(500))
    assert slow.samples.shape[1] == pytest.approx(RATE / 0.8, abs=2)
    assert pitch_of(slow.samples) == pytest.approx(400, abs=1)
    assert slow.band_hz == pytest.approx(0.8 * RATE / 2)
    fast = Speed(RATE, factor=(1.25, 1.25))(rng, tone(500))
    assert pitch_of(fast.samples) == pytest.approx(625, abs=1)
    assert fast.band_hz == RATE / 2  # what was above half of the rate is gone


def test_stretch_keeps_pitch(rng: np.random.Generator) -> None:
    out = TimeStretch(RATE, factor=(1.25, 1.25), p=1.0)(rng, tone(500)).samples
    assert out.shape[1] == pytest.approx(RATE / 1.25, abs=2)
    assert pitch_of(out) == pytest.approx(500, abs=2)


def test_pitch_keeps_length(rng: np.random.Generator) -> None:
    out = Pitch(RATE, semitones=(-12.0, -12.0), p=1.0)(rng, tone(1000))
    assert out.samples.shape[1] == RATE
    assert pitch_of(out.samples) == pytest.approx(500, abs=4)
    assert out.band_hz == pytest.approx(RATE / 4)


@pytest.mark.parametrize("seed", range(8))
def test_harmonies_lie_at_intervals_below_the_singer_in_level(seed: int) -> None:
    singer = tone(800)
    harmony = Harmony(RATE, level_db=(-6.0, -6.0), p=1.0)
    out = harmony(np.random.default_rng(seed), singer)
    added = out.samples - singer.samples
    assert out.samples.shape[1] == RATE and out.band_hz == singer.band_hz
    interval = 12 * np.log2(pitch_of(added[[np.argmax(np.abs(added).max(1))]]) / 800)
    assert min(abs(interval - each) for each in Harmony.INTERVALS) < Harmony.DETUNED + 0.1
    # One or two voices at half the singer's level on their louder side.
    level = np.sqrt(np.square(added[:, RATE // 4 :]).mean(1)).max() / (0.3 / np.sqrt(2))
    assert 0.4 < level < 1.1


def test_formants_move_and_pitch_stays(rng: np.random.Generator) -> None:
    """A pulse train of 100 Hz through a resonance at 1 kHz."""
    time = np.arange(RATE) / RATE
    harmonics = np.arange(1, 70) * 100.0
    levels = np.exp(-((harmonics - 1000) ** 2) / (2 * 200**2)) + 0.01
    wave = sum(a * np.cos(2 * np.pi * f * time) for a, f in zip(levels, harmonics, strict=True))
    samples = np.stack([wave, wave]).astype(np.float32)
    out = Formant(RATE, factor=(1.4, 1.4), p=1.0)(rng, Sound(samples, RATE / 2)).samples
    power = np.abs(np.fft.rfft(out[0] * np.hanning(RATE))) ** 2
    strengths = np.array([power[int(f) - 2 : int(f) + 3].sum() for f in harmonics])
    between = np.array([power[int(f) + 48 : int(f) + 53].sum() for f in harmonics])
    assert harmonics[np.argmax(strengths)] == pytest.approx(1400, abs=100)
    assert between.sum() < 0.01 * strengths.sum()


@pytest.mark.parametrize("codec", list(CODECS))
@pytest.mark.parametrize(("rate", "kbps"), [(44100, 128), (16000, 64), (48000, 192)])
def test_codecs_are_aligned_and_close(codec: str, rate: int, kbps: int) -> None:
    rng = np.random.default_rng(1)
    n = rate // 2 + 7
    # Noise below 3 kHz, left and right different: nothing a codec would throw away.
    spectrum = np.fft.rfft(rng.standard_normal((2, n)))
    spectrum[:, int(3000 * n / rate) :] = 0
    samples = (0.1 * np.fft.irfft(spectrum, n)).astype(np.float32)
    out = round_trip(samples, rate, codec, kbps)
    assert out.shape == samples.shape
    lags = np.fft.irfft(np.fft.rfft(out[0], 2 * n) * np.fft.rfft(samples[0], 2 * n).conj())
    assert np.argmax(lags) == 0
    error = out - samples
    inside = slice(rate // 20, -rate // 20)
    assert 10 * np.log10(np.sum(samples[:, inside] ** 2) / np.sum(error[:, inside] ** 2)) > 8
    assert not np.array_equal(out, samples)


def test_a_low_bit_rate_narrows_the_band(rng: np.random.Generator) -> None:
    samples = rng.standard_normal((2, 44100)).astype(np.float32)
    codec = LossyCodec(44100, codecs=("mp3",), kbps=(64.0, 64.0), p=1.0)
    out = codec(rng, Sound(samples, 22050.0))
    power = np.abs(np.fft.rfft(out.samples[0])) ** 2
    assert out.band_hz == 10_500
    assert power[int(out.band_hz) + 1000 :].mean() < 0.01 * power[: int(out.band_hz)].mean()
