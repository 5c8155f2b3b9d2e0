"""BSS Eval against museval and mir_eval, closed forms, and its rules for silence."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.fft import next_fast_len

from tests.helpers.reading import read
from vocalsep.evaluation.metrics.bss_energies import fast_length
from vocalsep.evaluation.metrics.bss_eval import BssEval
from vocalsep.evaluation.metrics.projection import correlations

Array = npt.NDArray[Any]
CLIP = Path(__file__).parents[2] / "clips" / "everything-is-free.mp3"


def coloured(rng: np.random.Generator, *shape: int) -> Array:
    """Noise with a spectrum and a level that change slowly, as music has."""
    noise = rng.standard_normal(shape).cumsum(-1)
    noise -= np.roll(noise, 40, axis=-1)
    time = np.arange(shape[-1]) / shape[-1]
    return 0.02 * noise * (1.2 + np.sin(20 * time))


def estimates_of(references: Array, leak: float, noise: float, seed: int = 9) -> Array:
    rng = np.random.default_rng(seed)
    others = references.sum(0) - references
    delayed = np.roll(references, 3, axis=-1)
    return 0.9 * references + 0.05 * delayed + leak * others + noise * coloured(rng, *others.shape)


def museval_scores(
    references: Array, estimates: Array, window: int, hop: int, n_taps: int = 512
) -> list[Array]:
    metrics = pytest.importorskip("museval.metrics")
    pair = (x.transpose(0, 2, 1) for x in (references, estimates))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(metrics.bss_eval(*pair, window, hop, filters_len=n_taps)[:4])


def assert_close(found: list[Array], wanted: list[Array]) -> None:
    for mine, theirs in zip(found, wanted, strict=True):
        assert mine.shape == theirs.shape
        np.testing.assert_allclose(mine, theirs, atol=0.01, rtol=0)


@pytest.mark.parametrize(
    ("n_sources", "n_channels", "leak", "noise", "n_taps"),
    [
        (2, 2, 0.3, 0.1, 100),
        (2, 1, 0.01, 0.001, 512),
        (3, 1, 0.1, 0.02, 64),
        pytest.param(2, 2, 3.0, 5.0, 512, marks=pytest.mark.slow),
        pytest.param(4, 2, 0.1, 0.02, 512, marks=pytest.mark.slow),
    ],
)
def test_version_4_is_musevals(
    rng: np.random.Generator,
    n_sources: int,
    n_channels: int,
    leak: float,
    noise: float,
    n_taps: int,
) -> None:
    references = coloured(rng, n_sources, n_channels, 21_000)
    estimates = estimates_of(references, leak, noise)
    found = BssEval(references, n_taps).framewise(estimates, window=8000, hop=4000)
    wanted = museval_scores(references, estimates, 8000, 4000, n_taps)
    assert_close([found.sdr, found.isr, found.sir, found.sar], wanted)
    assert found.sdr.shape == (n_sources, 4)


@pytest.mark.slow
def test_version_4_of_a_real_clip(rng: np.random.Generator) -> None:
    song = read(CLIP)[:, 44100 : 3 * 44100].astype(np.float64)
    references = np.stack([song, np.roll(song[::-1], 9000, axis=-1)])
    estimates = estimates_of(references, 0.2, 0.01)
    found = BssEval(references).framewise(estimates, 44100, 44100)
    wanted = museval_scores(references, estimates, 44100, 44100)
    assert_close([found.sdr, found.isr, found.sir, found.sar], wanted)


def test_silent_windows_have_no_scores_as_in_museval(rng: np.random.Generator) -> None:
    references = coloured(rng, 2, 2, 16_000)
    references[0, :, 4000:8000] = 0.0
    references[1, 1, 12_000:] = -references[1, 0, 12_000:]  # adds up to zero: silent for museval
    estimates = estimates_of(references, 0.2, 0.1)
    found = BssEval(references, 64).framewise(estimates, 4000, 4000)
    wanted = museval_scores(references, estimates, 4000, 4000, 64)
    assert np.isnan(found.sdr).tolist() == [[False, True, False, True]] * 2
    assert_close([found.sdr, found.isr, found.sir, found.sar], wanted)


def mir_eval_scores(name: str, references: Array, estimates: Array) -> list[Array]:
    separation = pytest.importorskip("mir_eval.separation")
    with warnings.catch_warnings():  # it says that it will go
        warnings.simplefilter("ignore")
        return list(getattr(separation, name)(references, estimates, False)[:-1])


@pytest.mark.parametrize(("leak", "noise"), [(0.3, 0.1), (0.002, 0.0005)])
def test_version_3_sources_is_mir_evals(
    rng: np.random.Generator, leak: float, noise: float
) -> None:
    references = coloured(rng, 2, 1, 12_000)
    estimates = estimates_of(references, leak, noise)
    found = BssEval(references).sources(estimates)
    wanted = mir_eval_scores("bss_eval_sources", references[:, 0], estimates[:, 0])
    assert_close([found.sdr[:, 0], found.sir[:, 0], found.sar[:, 0]], wanted)
    assert np.isnan(found.isr).all()


@pytest.mark.slow
def test_version_3_images_is_mir_evals(rng: np.random.Generator) -> None:
    references = coloured(rng, 2, 2, 12_000)
    estimates = estimates_of(references, 0.3, 0.1)
    found = BssEval(references).images(estimates)
    pair = [x.transpose(0, 2, 1) for x in (references, estimates)]
    wanted = mir_eval_scores("bss_eval_images", *pair)
    assert_close([x[:, 0] for x in (found.sdr, found.isr, found.sir, found.sar)], wanted)


def test_closed_forms(rng: np.random.Generator) -> None:
    references = rng.standard_normal((2, 2, 9000))
    scores = BssEval(references, n_taps=16).framewise(0.9 * references, 3000, 3000)
    np.testing.assert_allclose(scores.sdr, 20.0, atol=1e-6)
    np.testing.assert_allclose(scores.isr, 20.0, atol=1e-3)
    assert (scores.sir > 80).all() and (scores.sar > 80).all()
    mixed = np.stack([references[0] + 0.1 * references[1], references[1]])
    whole = BssEval(references, n_taps=16).images(mixed)
    ratio = 10 * np.log10(np.square(references[0]).sum() / np.square(0.1 * references[1]).sum())
    assert whole.sir[0, 0] == pytest.approx(ratio, abs=0.05)


@pytest.mark.parametrize("grid", [2**15, 2**40])
def test_the_same_on_both_channels_is_as_on_one(rng: np.random.Generator, grid: int) -> None:
    # The equations are singular: every filter may be shared between the channels at will.
    references = np.round(coloured(rng, 2, 1, 9000) * grid) / grid
    estimates = np.round(estimates_of(references, 0.2, 0.1) * grid) / grid
    one = BssEval(references, 64)
    both = BssEval(np.repeat(references, 2, axis=1), 64)
    doubled = np.repeat(estimates, 2, axis=1)
    assert_close(
        list(both.framewise(doubled, 3000, 3000).named().values()),
        list(one.framewise(estimates, 3000, 3000).named().values()),
    )
    assert_close([both.images(doubled).sar], [one.images(estimates).sar])


def test_the_scores_of_a_silent_signal_are_none(rng: np.random.Generator) -> None:
    references = rng.standard_normal((2, 1, 600))
    silent = references * [[[1.0]], [[0.0]]]
    for bss, estimates in ((BssEval(silent, 8), references), (BssEval(references, 8), silent)):
        scores = bss.framewise(estimates, 200, 200)
        assert scores.sdr.shape == (2, 3) and np.isnan(scores.sdr).all()
        assert np.isnan(bss.images(estimates).sar).all()
    with pytest.raises(ValueError, match="shapes differ"):
        BssEval(references, 8).images(references[..., :9])


@settings(deadline=None)
@given(st.integers(1, 900), st.integers(1, 60), st.integers(0, 99))
def test_correlations_against_their_definition(n: int, n_lags: int, seed: int) -> None:
    a, b = np.random.default_rng(seed).standard_normal((2, 1, n))
    wide = np.pad(b[0], n_lags)
    wanted = [a[0] @ wide[n_lags + lag : n_lags + lag + n] for lag in range(1 - n_lags, n_lags)]
    np.testing.assert_allclose(correlations(a, b, n_lags)[0, 0], wanted, atol=1e-9)


def test_correlations_over_many_blocks(rng: np.random.Generator) -> None:
    a = rng.standard_normal((1, 200_001))
    found = correlations(a, a, 3)[0, 0]
    wanted = [a[0, 2:] @ a[0, :-2], a[0, 1:] @ a[0, :-1], a[0] @ a[0]]
    np.testing.assert_allclose(found, [*wanted, *wanted[1::-1]], rtol=1e-9, atol=1e-6)


@given(st.integers(1, 100_000))
def test_fast_lengths(n: int) -> None:
    assert fast_length(n) == next_fast_len(n, real=True)
