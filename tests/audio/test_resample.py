"""Resampling: length, alignment, and no dependence on how the stream is cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vocalsep.audio.resample import resample_blocks

RATES = [8000, 11025, 22050, 32000, 44100, 48000, 88200, 96000, 192000]


def resample(samples: np.ndarray, source: int, target: int, *cuts: int) -> np.ndarray:
    """Resample (C, n) samples fed as the blocks between `cuts`."""
    blocks = np.split(samples, sorted(cuts), axis=1)
    empty = samples[:, :0]
    return np.concatenate([empty, *resample_blocks(iter(blocks), source, target)], axis=1)


@given(
    n=st.integers(0, 3000),
    source=st.sampled_from(RATES),
    target=st.sampled_from(RATES),
    dtype=st.sampled_from([np.float32, np.float64]),
    cuts=st.lists(st.integers(0, 3000), max_size=8),
)
@example(n=0, source=44100, target=48000, dtype=np.float32, cuts=[])
@example(n=1, source=192000, target=8000, dtype=np.float32, cuts=[0, 0, 1])
@example(n=1, source=8000, target=192000, dtype=np.float64, cuts=[])
@example(n=50_000, source=48000, target=44100, dtype=np.float32, cuts=[25_000])  # …,5 samples
@settings(max_examples=150, deadline=None)
def test_length_and_partition(
    n: int, source: int, target: int, dtype: type, cuts: list[int]
) -> None:
    samples = np.random.default_rng(n).standard_normal((2, n)).astype(dtype)
    whole = resample(samples, source, target)
    assert whole.shape == (2, round(n * target / source))
    assert whole.dtype == dtype
    parts = resample(samples, source, target, *(min(cut, n) for cut in cuts))
    np.testing.assert_array_equal(parts, whole)


def test_no_blocks_give_no_blocks() -> None:
    assert list(resample_blocks([], 44100, 48000)) == []


def test_equal_rates_pass_the_very_blocks() -> None:
    blocks = [np.zeros((1, 3)), np.zeros((1, 0))]
    assert all(a is b for a, b in zip(resample_blocks(blocks, 9000, 9000), blocks, strict=True))


@pytest.mark.parametrize("source", RATES)
@pytest.mark.parametrize("target", RATES)
def test_a_tone_keeps_its_phase(source: int, target: int) -> None:
    """Sample k of the result is the tone at time k / target, to −106 dB, from sample 0 on."""
    frequency = 0.21 * min(source, target)
    n = source // 5

    def tone(rate: int, n_samples: int) -> np.ndarray:
        time = np.arange(n_samples) / rate
        # fades in and out, so that the ends of the signal do not ring
        fade = np.sin(np.pi * time / (n / source)) ** 2
        return np.stack([fade * np.cos(2 * np.pi * frequency * time), fade])

    result = resample(tone(source, n), source, target)
    expected = tone(target, result.shape[1])
    np.testing.assert_allclose(result, expected, atol=5e-6)


@pytest.mark.parametrize(("source", "target"), [(44100, 88200), (22050, 88200), (48000, 96000)])
@pytest.mark.parametrize("at", [0, 500, 999])
def test_a_click_stays_at_its_time(source: int, target: int, at: int) -> None:
    click = np.zeros((1, 1000))
    click[0, at] = 1.0
    result = resample(click, source, target)
    assert np.argmax(np.abs(result[0])) == at * target // source


@given(source=st.sampled_from(RATES), target=st.sampled_from(RATES))
@settings(max_examples=20, deadline=None)
def test_there_and_back_is_the_identity_below_both_bands(source: int, target: int) -> None:
    band = 0.3 * min(source, target)
    time = np.arange(source // 4) / source
    fade = np.sin(np.pi * 4 * time) ** 2
    samples = (fade * np.sin(2 * np.pi * band * time))[None]
    back = resample(resample(samples, source, target), target, source)
    n = min(back.shape[1], samples.shape[1])
    assert abs(back.shape[1] - samples.shape[1]) <= source // target + 1
    np.testing.assert_allclose(back[:, :n], samples[:, :n], atol=5e-5)


def test_blocks_come_while_the_stream_goes_on() -> None:
    taken = 0

    def blocks() -> object:
        nonlocal taken
        for _ in range(100):
            taken += 1
            yield np.zeros((2, 4410), np.float32)

    stream = resample_blocks(blocks(), 44100, 48000)  # type: ignore[arg-type]
    next(stream)
    assert taken < 5
