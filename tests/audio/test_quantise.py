"""The sum of the stems, the dither, and what happens at full scale."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vocalsep.audio.formats import plan_format
from vocalsep.audio.quantise import StemQuantiser, common_gain
from vocalsep.types import AudioInfo

DEPTHS = st.sampled_from([8, 16, 24, 32])
SEEDS = st.integers(0, 2**32 - 1)


def source(depth: int | None, is_float: bool = False, rate: int = 44100) -> AudioInfo:
    """Integer PCM of a depth, float, or (None, not float) a lossy source."""
    lossy = depth is None and not is_float
    return AudioInfo("x", rate, 2, None, "any", "any", depth, is_float, lossy, "stereo")


def samples_of(codes: np.ndarray, depth: int) -> np.ndarray:
    """Codes as a reader gives them."""
    return (codes / 2.0 ** (depth - 1)).astype(np.float64 if depth == 32 else np.float32)


def quantised(
    quantiser: StemQuantiser, mixture: np.ndarray, voice: np.ndarray, cuts: list[int]
) -> np.ndarray:
    """(2, C, n): both stems, fed in blocks that end at the cuts."""
    edges = [0, *sorted(cuts), mixture.shape[1]]
    blocks = [
        np.stack(list(quantiser(mixture[:, a:b], voice[:, a:b]).values()))
        for a, b in pairwise(edges)
    ]
    return np.concatenate(blocks, axis=-1)


@given(depth=DEPTHS, out=DEPTHS, seed=SEEDS, level=st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_sum_is_the_source_on_its_own_grid_or_a_finer_one(
    depth: int, out: int, seed: int, level: float
) -> None:
    depth, out = min(depth, out), max(depth, out)
    rng = np.random.default_rng(seed)
    codes = rng.integers(-(2 ** (depth - 1)), 2 ** (depth - 1), (2, 300), endpoint=False)
    mixture = samples_of(codes, depth)
    voice = (mixture * level).astype(mixture.dtype)
    stem_format = plan_format(source(depth), "wav", f"pcm_{out}")
    quantiser = StemQuantiser(source(depth), stem_format)
    stems = quantiser(mixture, voice)
    assert {s.dtype for s in stems.values()} == {np.dtype(np.int32)}
    total = stems["vocals"].astype(np.int64) + stems["accompaniment"]
    np.testing.assert_array_equal(total, codes * 2 ** (out - depth))
    assert quantiser.overs == 0


@given(seed=SEEDS, out=st.sampled_from([8, 16, 24]), kind=st.sampled_from(["float", "lossy", 32]))
@settings(max_examples=60, deadline=None)
def test_reduced_depth_sums_to_the_source_within_one_and_a_half_steps(
    seed: int, out: int, kind: str | int
) -> None:
    rng = np.random.default_rng(seed)
    info = source(32) if kind == 32 else source(None, kind == "float")
    mixture = rng.uniform(-0.5, 0.5, (2, 400))
    voice = rng.uniform(-0.3, 0.3, (2, 400))
    stem_format = plan_format(info, "wav", f"pcm_{out}")
    vocals, accompaniment = quantised(StemQuantiser(info, stem_format), mixture, voice, [])
    steps = mixture * 2 ** (out - 1)
    assert np.abs(vocals.astype(np.int64) + accompaniment - steps).max() <= 1.5
    assert np.abs(vocals - voice * 2 ** (out - 1)).max() <= 1.5


@given(seed=SEEDS, cuts=st.lists(st.integers(0, 500), max_size=5), gain=st.sampled_from([1, 0.7]))
@settings(max_examples=40, deadline=None)
def test_blocks_do_not_change_a_sample(seed: int, cuts: list[int], gain: float) -> None:
    rng = np.random.default_rng(seed)
    mixture, voice = rng.uniform(-0.9, 0.9, (2, 2, 500)).astype(np.float32)
    info = source(None)
    stem_format = plan_format(info)
    whole = StemQuantiser(info, stem_format, gain)
    parts = StemQuantiser(info, stem_format, gain)
    np.testing.assert_array_equal(
        quantised(whole, mixture, voice, []), quantised(parts, mixture, voice, cuts)
    )
    assert (whole.peak, whole.overs) == (parts.peak, parts.overs)


@pytest.mark.parametrize("level", [0.1, 0.25, 0.5, 0.8])
def test_dither_makes_the_error_independent_of_the_level(level: float) -> None:
    # Triangular dither of ±1 step and rounding: mean 0, variance 1/6 + 1/12 = 1/4 at any level.
    mixture = np.full((1, 200_000), level / 2**15)
    info = source(None)
    stems = StemQuantiser(info, plan_format(info))(mixture, mixture / 3)
    total = stems["vocals"] + stems["accompaniment"]
    assert np.mean(total - level) == pytest.approx(0, abs=0.005)
    assert np.var(total - level) == pytest.approx(0.25, abs=0.005)
    assert np.mean(stems["vocals"] - level / 3) == pytest.approx(0, abs=0.005)
    assert np.var(stems["vocals"] - level / 3) == pytest.approx(0.25, abs=0.005)
    error = np.stack([total - level, stems["vocals"] - level / 3]).reshape(2, -1)
    assert abs(np.corrcoef(error)[0, 1]) < 0.01  # two dithers, not one twice
    assert abs(np.corrcoef(error[0, 1:], error[0, :-1])[0, 1]) < 0.01  # white


def test_silence_stays_digital_silence() -> None:
    info = source(None)
    mixture = np.zeros((2, 1000), np.float32)
    mixture[:, 500:] = 0.1
    voice = np.zeros_like(mixture)
    stems = StemQuantiser(info, plan_format(info))(mixture, voice)
    assert not stems["vocals"].any()
    assert not stems["accompaniment"][:, :500].any()
    assert stems["accompaniment"][:, 500:].all()


@pytest.mark.parametrize("name", ["wav", "mp3"])
def test_float_and_lossy_formats_get_the_plain_difference(
    name: str, rng: np.random.Generator
) -> None:
    info = source(None, is_float=True)
    mixture, voice = rng.uniform(-2, 2, (2, 2, 1000)).astype(np.float32)
    quantiser = StemQuantiser(info, plan_format(info, name))
    stems = quantiser(mixture, voice)
    np.testing.assert_array_equal(stems["vocals"], voice)  # beyond full scale too
    np.testing.assert_allclose(sum(stems.values()), mixture, atol=1e-6, rtol=0)
    assert quantiser.peak["accompaniment"] == np.abs(mixture - voice).max()
    beyond = sum(int((np.abs(stem) > 1).sum()) for stem in stems.values())
    assert quantiser.overs == (0 if name == "wav" else beyond) and beyond > 0
    assert common_gain(quantiser.peak, plan_format(info, name)) == 1.0


def test_gain_multiplies_both_stems(rng: np.random.Generator) -> None:
    info = source(None, is_float=True)
    mixture, voice = rng.uniform(-1, 1, (2, 2, 100))
    stems = StemQuantiser(info, plan_format(info), gain=0.5)(mixture, voice)
    np.testing.assert_allclose(stems["vocals"], voice / 2)
    np.testing.assert_allclose(stems["accompaniment"], (mixture - voice) / 2)


def test_full_scale_and_overs_are_told_apart() -> None:
    info = source(16)
    quantiser = StemQuantiser(info, plan_format(info), names=("drums", "rest"))
    # Full scale below zero fits, above zero it does not.
    stems = quantiser(np.array([[-1.0, 0.0, 0.5]]), np.array([[-1.0, 1.0, 1.5]]))
    assert quantiser.overs == 2
    assert quantiser.peak == {"drums": 1.5, "rest": 1.0}
    np.testing.assert_array_equal(stems["drums"], [[-32768, 32767, 32767]])
    np.testing.assert_array_equal(stems["rest"], [[0, -32768, -32768]])


@given(seed=SEEDS, depth=DEPTHS, out=DEPTHS, boost=st.floats(0.5, 4))
@settings(max_examples=80, deadline=None)
def test_second_pass_with_the_common_gain_has_no_overs(
    seed: int, depth: int, out: int, boost: float
) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.integers(-(2 ** (depth - 1)), 2 ** (depth - 1), (2, 300), endpoint=False)
    mixture = samples_of(codes, depth)
    voice = (mixture * boost * rng.choice([-1, 1])).astype(mixture.dtype)
    stem_format = plan_format(source(depth), "wav", f"pcm_{out}")
    first = StemQuantiser(source(depth), stem_format)
    first(mixture, voice)
    gain = common_gain(first.peak, stem_format)
    assert 0 < gain <= 1
    second = StemQuantiser(source(depth), stem_format, gain)
    stems = second(mixture, voice)
    assert second.overs == 0
    if gain < 1:
        total = sum(stem.astype(np.int64) for stem in stems.values())
        assert np.abs(total - mixture.astype(np.float64) * gain * 2.0 ** (out - 1)).max() <= 1.5


def test_stems_that_fit_keep_their_level() -> None:
    stem_format = plan_format(source(16))
    assert common_gain({"vocals": 1 - 2**-15, "accompaniment": 0.2}, stem_format) == 1.0
    assert common_gain({"vocals": 1.0, "accompaniment": 0.2}, stem_format) == pytest.approx(
        1, abs=3e-4
    )
    assert common_gain({}, stem_format) == 1.0
