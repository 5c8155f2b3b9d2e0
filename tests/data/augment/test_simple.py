"""What level, stereo, filter and dynamics augmentations promise, in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from vocalsep.data.augment.base import Segment, Sound
from vocalsep.data.augment.dynamics import Compressor, Limiter, Saturate
from vocalsep.data.augment.filters import Bandwidth, Equaliser, Reverb, fast_fft_size
from vocalsep.data.augment.level import Gain, Polarity, Silence
from vocalsep.data.augment.stereo import ChannelSwap, Double, Width

RATE = 8000


def sound(samples: Segment) -> Sound:
    return Sound(np.asarray(samples, np.float32), RATE / 2)


def impulse(n: int, at: int) -> Sound:
    samples = np.zeros((2, n), np.float32)
    samples[:, at] = 1.0
    return sound(samples)


def noise(rng: np.random.Generator, n: int = RATE) -> Sound:
    return sound(rng.standard_normal((2, n)))


def test_gain_stays_in_its_range(rng: np.random.Generator) -> None:
    gains = [Gain(RATE, (-6.0, 6.0))(rng, impulse(2, 0)).samples[0, 0] for _ in range(50)]
    assert 10 ** (-6 / 20) <= min(gains) < 0.8
    assert 1.25 < max(gains) <= 10 ** (6 / 20)


def test_swap_and_polarity_closed_form(rng: np.random.Generator) -> None:
    segment = sound(np.array([[1.0, 2.0], [3.0, 4.0]], np.float32))
    assert ChannelSwap(RATE, 1.0)(rng, segment).samples.tolist() == [[3, 4], [1, 2]]
    assert Polarity(RATE, 1.0)(rng, segment).samples.tolist() == [[-1, -2], [-3, -4]]


def test_silence_is_as_long_as_asked_and_leaves_the_rest(rng: np.random.Generator) -> None:
    ones = sound(np.ones((2, RATE), np.float32))
    for _ in range(20):
        out = Silence(RATE, share=(0.5, 0.5), p=1.0)(rng, ones).samples
        assert np.count_nonzero(out[0] == 0) == pytest.approx(RATE / 2, abs=2)
        assert np.count_nonzero(out[0] == 1) >= RATE / 2 - 2 * RATE // 100 - 2
        assert np.abs(np.diff(out[0])).max() < 0.02  # ramps, no clicks


def test_width_moves_level_and_time_only(rng: np.random.Generator) -> None:
    for _ in range(20):
        out = Width(RATE, p=1.0)(rng, impulse(1000, 10)).samples
        assert [np.count_nonzero(channel) for channel in out] == [1, 1]
        assert np.abs(out).max() < 10 ** (4.1 / 20)


def test_double_adds_one_late_copy_a_side(rng: np.random.Generator) -> None:
    out = Double(RATE, p=1.0)(rng, impulse(8000, 10)).samples
    assert np.array_equal(out[:, :11], impulse(11, 10).samples)
    assert [np.count_nonzero(channel) for channel in out] == [2, 2]


def test_equaliser_stays_within_its_range(rng: np.random.Generator) -> None:
    out = Equaliser(RATE, max_db=6.0, p=1.0)(rng, impulse(4096, 2048)).samples
    response_db = 20 * np.log10(np.abs(np.fft.rfft(out[0])))
    assert response_db.max() < 6.3
    assert response_db.min() > -6.3
    assert np.ptp(response_db) > 1.0


def test_reverb_keeps_the_dry_sound_first(rng: np.random.Generator) -> None:
    out = Reverb(RATE, p=1.0)(rng, impulse(4000, 100)).samples
    assert not np.abs(out[:, :100]).max() > 1e-5
    np.testing.assert_allclose(out[:, 100], 1.0, atol=0.02)
    assert np.square(out[:, 101:]).sum() > 1e-3


def test_bandwidth_takes_the_top_and_says_so(rng: np.random.Generator) -> None:
    out = Bandwidth(RATE, cutoff_hz=(2000.0, 2000.0), p=1.0)(rng, noise(rng))
    assert out.band_hz == pytest.approx(1900.0)
    power = np.abs(np.fft.rfft(out.samples[0])) ** 2
    hz = np.fft.rfftfreq(RATE, 1 / RATE)
    assert power[hz > 2150].sum() < 1e-4 * power[hz < 1900].sum()
    untouched = Bandwidth(RATE, cutoff_hz=(9000.0, 9000.0), p=1.0)(rng, noise(rng))
    assert untouched.band_hz == RATE / 2


def test_saturation_never_raises_a_sample(rng: np.random.Generator) -> None:
    segment = noise(rng)
    out = Saturate(RATE, p=1.0)(rng, segment).samples
    assert (np.abs(out) <= np.abs(segment.samples) * (1 + 1e-5)).all()
    assert (np.sign(out) == np.sign(segment.samples)).all()


def test_compression_brings_loud_and_soft_together(rng: np.random.Generator) -> None:
    segment = noise(rng)
    segment.samples[:, RATE // 2 :] *= np.float32(0.1)  # 20 dB down
    compressor = Compressor(RATE, threshold_db=(-30.0, -30.0), ratio=(4.0, 4.0), p=1.0)
    out = compressor(rng, segment).samples
    loud, soft = (np.sqrt(np.mean(out[:, part] ** 2)) for part in (slice(800, 3200), slice(5600, 8000)))  # fmt: skip  # noqa: E501
    assert 20 * np.log10(loud / soft) == pytest.approx(20 / 4, abs=1.0)
    rms = np.sqrt(np.mean(segment.samples**2))
    assert np.sqrt(np.mean(out**2)) == pytest.approx(rms, rel=1e-3)


@pytest.mark.parametrize("n", [1, 5, 4000, 8003])
def test_the_limiter_holds_its_ceiling(rng: np.random.Generator, n: int) -> None:
    segment = noise(rng, n)
    out = Limiter(RATE, ceiling_db=(-6.0, -6.0), p=1.0)(rng, segment).samples
    peak = np.abs(segment.samples).max()
    assert np.abs(out).max() <= peak * 10 ** (-6 / 20) * (1 + 1e-6)
    assert np.abs(out).max() > 0.3 * peak
    assert (np.abs(out) <= np.abs(segment.samples)).all()


@pytest.mark.parametrize("n", [1, 2, 3, 7, 130048, 130049, 262145])
def test_fft_sizes_are_smooth_and_large_enough(n: int) -> None:
    size = fast_fft_size(n)
    assert n <= size < 2 * n + 2
    for prime in (2, 3, 5):
        while size % prime == 0:
            size //= prime
    assert size == 1
