"""Spans, and what is made of them: the same as of the whole."""

from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.synth import RATE, music, voice
from vocalsep.audio import spill
from vocalsep.evaluation import signals
from vocalsep.evaluation.measure import Measure
from vocalsep.evaluation.metrics import BssEval
from vocalsep.evaluation.signals import Lazy, filled, mapped, spans, stacked
from vocalsep.evaluation.songs import Song, sum_of


@pytest.mark.parametrize("n", [0, 1, 1000, 1001])
def test_spans_cover_everything_once(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "SPAN", 250)
    found = [k for span in spans(n) for k in range(n)[span]]
    assert found == list(range(n))


def test_lazy_signals(rng: np.random.Generator) -> None:
    a, b = rng.standard_normal((2, 2, 900)).astype(np.float32)
    both = stacked([a, b])
    assert both.shape == (2, 2, 900)
    np.testing.assert_array_equal(both[..., 100:300], np.stack([a, b])[..., 100:300])
    halved = mapped(both, lambda x: 0.5 * x[:, :1], (2, 1, 900))
    np.testing.assert_array_equal(halved[..., 5:7], 0.5 * np.stack([a, b])[:, :1, 5:7])
    np.testing.assert_array_equal(sum_of([a, b]), a + b)
    np.testing.assert_array_equal(filled((2, 900), lambda span: a[:, span]), a)


@pytest.mark.parametrize("n_taps", [16, 64])
def test_bss_eval_of_lazy_signals(n_taps: int, rng: np.random.Generator) -> None:
    references = rng.standard_normal((2, 2, 5000))
    estimates = 0.9 * references + 0.1 * rng.standard_normal(references.shape)

    def lazy(signal: np.ndarray) -> Lazy:
        return Lazy(signal.shape, lambda span: signal[..., span])

    whole, piecewise = BssEval(references, n_taps), BssEval(lazy(references), n_taps)
    for found, wanted in (
        (piecewise.images(lazy(estimates)), whole.images(estimates)),
        (piecewise.sources(lazy(estimates)), whole.sources(estimates)),
        (piecewise.framewise(lazy(estimates), 900, 700), whole.framewise(estimates, 900, 700)),
    ):
        for name, values in found.named().items():
            np.testing.assert_allclose(values, wanted.named()[name], rtol=1e-9, err_msg=name)


def test_long_songs_measure_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    n = 2 * RATE
    song = Song("s", {"vocals": voice(n)[:1], "accompaniment": music(n)[:1]}, RATE)
    estimates = {stem: 0.8 * x + 0.1 * song.mixture for stem, x in song.sources.items()}
    whole = Measure(song).of(estimates)
    for module in ("metrics.singing", "signals"):
        monkeypatch.setattr(f"vocalsep.evaluation.{module}.SPAN", 3000)
    monkeypatch.setattr(spill, "LARGE_BYTES", 1000)
    pieces = Measure(Song("s", song.sources, RATE)).of(estimates)
    for stem, scores in whole.scores.items():
        assert pieces.scores[stem] == pytest.approx(scores, rel=1e-6), stem
