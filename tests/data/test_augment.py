"""Augmentations: one contract for all, and what each promises."""

from __future__ import annotations

import numpy as np
import pytest

from vocalsep.data.augment import (
    AUGMENTATIONS,
    ChannelSwap,
    Double,
    Equaliser,
    Polarity,
    Reverb,
    Saturate,
    Width,
    fast_fft_size,
)

RATE = 8000


def always(name: str):  # type: ignore[no-untyped-def]
    return AUGMENTATIONS.build(name, {"p": 1.0}, RATE)


@pytest.mark.parametrize("name", AUGMENTATIONS.names())
class TestContract:
    def test_keeps_shape_and_type_and_input(self, name: str, rng: np.random.Generator) -> None:
        segment = rng.standard_normal((2, 4001)).astype(np.float32)
        before = segment.copy()
        out = always(name)(np.random.default_rng(1), segment)
        assert out.shape == segment.shape
        assert out.dtype == np.float32
        assert np.isfinite(out).all()
        assert np.array_equal(segment, before)
        assert not np.array_equal(out, segment)

    def test_same_generator_same_result(self, name: str, rng: np.random.Generator) -> None:
        segment = rng.standard_normal((2, 4001)).astype(np.float32)
        a, b = (always(name)(np.random.default_rng(5), segment) for _ in range(2))
        assert np.array_equal(a, b)

    def test_never_with_probability_zero(self, name: str, rng: np.random.Generator) -> None:
        segment = rng.standard_normal((2, 1000)).astype(np.float32)
        augmentation = AUGMENTATIONS.build(name, {"p": 0.0}, RATE)
        assert np.array_equal(augmentation(rng, segment), segment)

    def test_silence_stays_silent(self, name: str, rng: np.random.Generator) -> None:
        assert not always(name)(rng, np.zeros((2, 1000), np.float32)).any()


def test_swap_and_polarity_closed_form(rng: np.random.Generator) -> None:
    segment = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    assert ChannelSwap(RATE, 1.0)(rng, segment).tolist() == [[3, 4], [1, 2]]
    assert Polarity(RATE, 1.0)(rng, segment).tolist() == [[-1, -2], [-3, -4]]


def test_equaliser_stays_within_its_range(rng: np.random.Generator) -> None:
    impulse = np.zeros((2, 4096), np.float32)
    impulse[:, 2048] = 1.0
    out = Equaliser(RATE, max_db=6.0, p=1.0)(rng, impulse)
    response_db = 20 * np.log10(np.abs(np.fft.rfft(out[0])))
    assert response_db.max() < 6.3
    assert response_db.min() > -6.3


def test_reverb_keeps_the_dry_sound_first(rng: np.random.Generator) -> None:
    impulse = np.zeros((2, 4000), np.float32)
    impulse[:, 100] = 1.0
    out = Reverb(RATE, p=1.0)(rng, impulse)
    assert not np.abs(out[:, :100]).max() > 1e-5
    np.testing.assert_allclose(out[:, 100], 1.0, atol=0.02)
    assert np.square(out[:, 101:]).sum() > 1e-3


def test_width_moves_level_and_time_only(rng: np.random.Generator) -> None:
    impulse = np.zeros((2, 1000), np.float32)
    impulse[:, 10] = 1.0
    for _ in range(20):
        out = Width(RATE, p=1.0)(rng, impulse)
        assert [np.count_nonzero(channel) for channel in out] == [1, 1]
        assert np.abs(out).max() < 10 ** (4.1 / 20)


def test_double_adds_one_late_copy_a_side(rng: np.random.Generator) -> None:
    impulse = np.zeros((2, 8000), np.float32)
    impulse[:, 10] = 1.0
    out = Double(RATE, p=1.0)(rng, impulse)
    assert np.array_equal(out[:, :11], impulse[:, :11])
    assert [np.count_nonzero(channel) for channel in out] == [2, 2]


def test_saturation_never_raises_a_sample(rng: np.random.Generator) -> None:
    segment = rng.standard_normal((2, 1000)).astype(np.float32)
    out = Saturate(RATE, p=1.0)(rng, segment)
    assert (np.abs(out) <= np.abs(segment) * (1 + 1e-5)).all()
    assert (np.sign(out) == np.sign(segment)).all()


@pytest.mark.parametrize("n", [1, 2, 3, 7, 130048, 130049, 262145])
def test_fft_sizes_are_smooth_and_large_enough(n: int) -> None:
    size = fast_fft_size(n)
    assert n <= size < 2 * n + 2
    for prime in (2, 3, 5):
        while size % prime == 0:
            size //= prime
    assert size == 1
