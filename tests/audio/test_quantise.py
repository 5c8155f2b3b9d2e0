"""The sum of the stems, the dither, and what happens at full scale."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vocalsep.audio.formats import plan_format
from vocalsep.audio.quantise import StemQuantiser, common_gain
from vocalsep.types import AudioInfo

DEPTHS = st.sampled_from([8, 16, 24, 32])
N_STEMS = st.integers(2, 7)
SEEDS = st.integers(0, 2**32 - 1)


def source(depth: int | None, is_float: bool = False, rate: int = 44100) -> AudioInfo:
    """Integer PCM of a depth, float, or (None, not float) a lossy source."""
    lossy = depth is None and not is_float
    return AudioInfo("x", rate, 2, None, "any", "any", depth, is_float, lossy, "stereo")


def samples_of(codes: np.ndarray, depth: int) -> np.ndarray:
    """Codes as a reader gives them."""
    return (codes / 2.0 ** (depth - 1)).astype(np.float64 if depth == 32 else np.float32)


def names_of(n_stems: int) -> tuple[str, ...]:
    return tuple(f"stem {k}" for k in range(n_stems))


def quantised(
    quantiser: StemQuantiser, mixture: np.ndarray, estimates: np.ndarray, cuts: list[int]
) -> np.ndarray:
    """(S, C, n): all stems, fed in blocks that end at the cuts."""
    edges = [0, *sorted(cuts), mixture.shape[1]]
    blocks = [
        np.stack(list(quantiser(mixture[:, a:b], estimates[..., a:b]).values()))
        for a, b in pairwise(edges)
    ]
    return np.concatenate(blocks, axis=-1)


@given(depth=DEPTHS, out=DEPTHS, seed=SEEDS, level=st.floats(0, 1), n_stems=N_STEMS)
@settings(max_examples=60, deadline=None)
def test_sum_is_the_source_on_its_own_grid_or_a_finer_one(
    depth: int, out: int, seed: int, level: float, n_stems: int
) -> None:
    depth, out = min(depth, out), max(depth, out)
    rng = np.random.default_rng(seed)
    codes = rng.integers(-(2 ** (depth - 1)), 2 ** (depth - 1), (2, 300), endpoint=False)
    mixture = samples_of(codes, depth)
    shares = rng.dirichlet(np.ones(n_stems))[1:, None, None] * level
    estimates = (mixture * shares).astype(mixture.dtype)
    stem_format = plan_format(source(depth), "wav", f"pcm_{out}")
    quantiser = StemQuantiser(source(depth), stem_format, names=names_of(n_stems))
    stems = quantiser(mixture, estimates)
    assert {s.dtype for s in stems.values()} == {np.dtype(np.int32)}
    total = sum(stem.astype(np.int64) for stem in stems.values())
    if not any(quantiser.overs.values()):  # each is rounded: the last may be a step too large
        np.testing.assert_array_equal(total, codes * 2 ** (out - depth))
    assert n_stems > 2 or not any(quantiser.overs.values())


@given(
    seed=SEEDS,
    out=st.sampled_from([8, 16, 24]),
    kind=st.sampled_from(["float", "lossy", 32]),
    n_stems=N_STEMS,
)
@settings(max_examples=60, deadline=None)
def test_reduced_depth_sums_to_the_source_within_one_and_a_half_steps(
    seed: int, out: int, kind: str | int, n_stems: int
) -> None:
    rng = np.random.default_rng(seed)
    info = source(32) if kind == 32 else source(None, kind == "float")
    mixture = rng.uniform(-0.5, 0.5, (2, 400))
    estimates = rng.uniform(-0.3, 0.3, (n_stems - 1, 2, 400)) / (n_stems - 1)
    stem_format = plan_format(info, "wav", f"pcm_{out}")
    quantiser = StemQuantiser(info, stem_format, names=names_of(n_stems))
    *others, residual = quantised(quantiser, mixture, estimates, []).astype(np.int64)
    full = 2 ** (out - 1)
    # The mixture's bound does not grow with the number of stems; that of the residual does.
    assert np.abs(np.sum(others, axis=0) + residual - mixture * full).max() <= 1.5
    assert np.abs(others - estimates * full).max() <= 1.5
    error = np.abs(residual - (mixture - estimates.sum(axis=0)) * full).max()
    assert error <= 1.5 * n_stems


@given(
    seed=SEEDS,
    cuts=st.lists(st.integers(0, 500), max_size=5),
    gain=st.sampled_from([1, 0.7]),
    n_stems=N_STEMS,
)
@settings(max_examples=40, deadline=None)
def test_blocks_do_not_change_a_sample(
    seed: int, cuts: list[int], gain: float, n_stems: int
) -> None:
    rng = np.random.default_rng(seed)
    mixture, *estimates = rng.uniform(-0.9, 0.9, (n_stems, 2, 500)).astype(np.float32)
    info = source(None)
    stem_format = plan_format(info)
    whole = StemQuantiser(info, stem_format, gain, names_of(n_stems))
    parts = StemQuantiser(info, stem_format, gain, names_of(n_stems))
    np.testing.assert_array_equal(
        quantised(whole, mixture, np.array(estimates), []),
        quantised(parts, mixture, np.array(estimates), cuts),
    )
    assert (whole.peak, whole.overs) == (parts.peak, parts.overs)


@pytest.mark.parametrize("level", [0.1, 0.25, 0.5, 0.8])
def test_dither_makes_the_error_independent_of_the_level(level: float) -> None:
    # Triangular dither of ±1 step and rounding: mean 0, variance 1/6 + 1/12 = 1/4 at any level.
    mixture = np.full((1, 200_000), level / 2**15)
    info = source(None)
    quantiser = StemQuantiser(info, plan_format(info), names=names_of(4))
    shares = np.array([1 / 3, 1 / 4, 1 / 5])
    *others, residual = quantiser(mixture, mixture * shares[:, None, None]).values()
    wanted = level * np.array([*shares, 1.0])[:, None]
    error = np.concatenate([*others, sum(others) + residual]) - wanted  # (4, n)
    np.testing.assert_allclose(error.mean(axis=1), 0, atol=0.005)
    np.testing.assert_allclose(error.var(axis=1), 0.25, atol=0.005)
    np.testing.assert_allclose(np.corrcoef(error), np.eye(4), atol=0.01)  # a dither for each
    for signal in error:
        assert abs(np.corrcoef(signal[1:], signal[:-1])[0, 1]) < 0.01  # white


def test_dither_of_two_stems_is_that_of_every_version() -> None:
    info = source(None)
    quantiser = StemQuantiser(info, plan_format(info))
    stems = quantiser(np.full((2, 500), 0.4 / 2**15), np.full((1, 2, 500), 0.2 / 2**15))
    codes = np.stack([stems["vocals"], stems["accompaniment"]]).astype("<i4")
    assert hashlib.sha256(codes.tobytes()).hexdigest().startswith("57aca9982aee424a")


def test_silence_stays_digital_silence() -> None:
    info = source(None)
    mixture = np.zeros((2, 1000), np.float32)
    mixture[:, 500:] = 0.1
    voice = np.zeros_like(mixture)[np.newaxis]
    stems = StemQuantiser(info, plan_format(info))(mixture, voice)
    assert not stems["vocals"].any()
    assert not stems["accompaniment"][:, :500].any()
    assert stems["accompaniment"][:, 500:].all()


@pytest.mark.parametrize("name", ["wav", "mp3"])
@pytest.mark.parametrize("n_stems", [2, 4])
def test_float_and_lossy_formats_get_the_plain_difference(
    name: str, n_stems: int, rng: np.random.Generator
) -> None:
    info = source(None, is_float=True)
    mixture, *others = rng.uniform(-2, 2, (n_stems, 2, 1000)).astype(np.float32)
    quantiser = StemQuantiser(info, plan_format(info, name), names=names_of(n_stems))
    stems = quantiser(mixture, np.array(others))
    np.testing.assert_array_equal(list(stems.values())[:-1], others)  # beyond full scale too
    np.testing.assert_allclose(sum(stems.values()), mixture, atol=1e-6, rtol=0)
    for stem, values in stems.items():
        beyond = int((np.abs(values) > 1).sum())
        assert quantiser.peak[stem] == np.abs(values).max()
        assert quantiser.overs[stem] == (0 if name == "wav" else beyond) and beyond > 0
    assert common_gain(quantiser.peak, plan_format(info, name), n_stems) == 1.0


@given(depth=DEPTHS, seed=SEEDS, kind=st.sampled_from(["own grid", "reduced", "float"]))
@settings(max_examples=40, deadline=None)
def test_a_sum_of_stems_is_their_sum(depth: int, seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    info = {
        "own grid": source(depth),
        "reduced": source(None),
        "float": source(None, is_float=True),
    }[kind]
    half = 2 ** (depth - 2)
    mixture = samples_of(rng.integers(-half, half, (2, 300)), depth)
    estimates = np.multiply.outer(rng.dirichlet(np.ones(3)), mixture).astype(mixture.dtype)
    quantiser = StemQuantiser(
        info,
        plan_format(info),
        names=("vocals", "drums", "bass", "other"),
        sums={"accompaniment": ("drums", "bass", "other")},
    )
    stems = quantiser(mixture, estimates)
    music = stems["drums"] + stems["bass"] + stems["other"]
    np.testing.assert_array_equal(stems["accompaniment"], music)
    together = stems["vocals"] + music
    if kind == "float":
        np.testing.assert_allclose(together, mixture, atol=1e-6)
    assert quantiser.peak["accompaniment"] > 0


def test_a_sum_is_taken_before_its_parts_are_clipped() -> None:
    info = source(16)
    quantiser = StemQuantiser(info, plan_format(info), names=("a", "b"), sums={"both": ("a", "b")})
    stems = quantiser(np.array([[0.5]]), np.array([[[2.0]]]))
    assert [int(stem[0, 0]) for stem in stems.values()] == [32767, -32768, 16384]
    assert quantiser.overs == {"a": 1, "b": 1, "both": 0}
    assert quantiser.peak["both"] == 0.5


def test_gain_multiplies_both_stems(rng: np.random.Generator) -> None:
    info = source(None, is_float=True)
    mixture, voice = rng.uniform(-1, 1, (2, 2, 100))
    stems = StemQuantiser(info, plan_format(info), gain=0.5)(mixture, voice[np.newaxis])
    np.testing.assert_allclose(stems["vocals"], voice / 2)
    np.testing.assert_allclose(stems["accompaniment"], (mixture - voice) / 2)


def test_full_scale_and_overs_are_told_apart() -> None:
    info = source(16)
    quantiser = StemQuantiser(info, plan_format(info), names=("drums", "rest"))
    # Full scale below zero fits, above zero it does not.
    stems = quantiser(np.array([[-1.0, 0.0, 0.5]]), np.array([[[-1.0, 1.0, 1.5]]]))
    assert quantiser.overs == {"drums": 2, "rest": 0}
    assert quantiser.peak == {"drums": 1.5, "rest": 1.0}
    np.testing.assert_array_equal(stems["drums"], [[-32768, 32767, 32767]])
    np.testing.assert_array_equal(stems["rest"], [[0, -32768, -32768]])


@given(seed=SEEDS, depth=DEPTHS, out=DEPTHS, boost=st.floats(0.5, 4), n_stems=N_STEMS)
@settings(max_examples=80, deadline=None)
def test_second_pass_with_the_common_gain_has_no_overs(
    seed: int, depth: int, out: int, boost: float, n_stems: int
) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.integers(-(2 ** (depth - 1)), 2 ** (depth - 1), (2, 300), endpoint=False)
    mixture = samples_of(codes, depth)
    boosts = boost * rng.choice([-1, 1], (n_stems - 1, 1, 1))
    estimates = (mixture * boosts).astype(mixture.dtype)
    stem_format = plan_format(source(depth), "wav", f"pcm_{out}")
    first = StemQuantiser(source(depth), stem_format, names=names_of(n_stems))
    first(mixture, estimates)
    gain = common_gain(first.peak, stem_format, n_stems)
    assert 0 < gain <= 1
    second = StemQuantiser(source(depth), stem_format, gain, names_of(n_stems))
    stems = second(mixture, estimates)
    assert not any(second.overs.values())
    if gain < 1:
        total = sum(stem.astype(np.int64) for stem in stems.values())
        assert np.abs(total - mixture.astype(np.float64) * gain * 2.0 ** (out - 1)).max() <= 1.5


def test_stems_that_fit_keep_their_level() -> None:
    stem_format = plan_format(source(16))
    assert common_gain({"vocals": 1 - 2**-15, "accompaniment": 0.2}, stem_format, 2) == 1.0
    assert common_gain({"vocals": 1.0, "accompaniment": 0.2}, stem_format, 2) == pytest.approx(
        1, abs=3e-4
    )
    assert common_gain({}, stem_format, 2) == 1.0
