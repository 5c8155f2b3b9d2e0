"""All metrics of a song at once: which keys, NSDR of the mixture, 16 bits, silence."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.helpers.synth import RATE, music, voice
from vocalsep.evaluation.measure import Measure, in_16_bits
from vocalsep.evaluation.metric_names import METRICS
from vocalsep.evaluation.metrics import sdr
from vocalsep.evaluation.songs import Song


@pytest.fixture
def song() -> Song:
    n = 2 * RATE
    return Song("s", {"vocals": voice(n)[:1], "accompaniment": music(n)[:1]}, RATE)


def test_every_metric_of_the_tables_is_measured(song: Song) -> None:
    measured = Measure(song).of({stem: 0.9 * audio for stem, audio in song.sources.items()})
    keys = {key for scores in measured.scores.values() for key in scores}
    assert keys == {metric.key for metric in METRICS}
    assert measured.scores["vocals"]["sdr"] == pytest.approx(20, abs=0.01)
    assert measured.scores["vocals"]["v4_sdr"] == pytest.approx(20, abs=0.05)
    assert measured.scores["accompaniment"]["dip"] == pytest.approx(-20 * math.log10(0.9), abs=1e-3)
    assert [len(values["SDR"]) for values in measured.frames.values()] == [2, 2]
    assert measured.silent == ()


def test_the_mixture_gains_nothing_over_itself(song: Song) -> None:
    measured = Measure(song, ["v3"]).of(dict.fromkeys(song.sources, song.mixture))
    for scores in measured.scores.values():
        assert scores["src_nsdr"] == pytest.approx(0.0, abs=1e-9)
    assert "sdr" not in measured.scores["vocals"] and not measured.frames


def test_silence_has_no_bss_scores_but_finite_energies(song: Song) -> None:
    estimates = {"vocals": 0 * song.mixture, "accompaniment": song.mixture}
    measured = Measure(song, ["energy", "v3", "v4"]).of(estimates)
    assert measured.silent == ("vocals",)
    assert math.isnan(measured.scores["accompaniment"]["v4_sdr"])
    assert math.isnan(measured.scores["vocals"]["src_nsdr"])
    assert measured.scores["vocals"]["sdr"] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.slow
def test_stereo_is_mixed_down_for_the_sources_version() -> None:
    n = 2 * RATE
    wide = {"vocals": music(n, 7), "accompaniment": music(n)}
    stereo = Song("s", wide, RATE)
    mono = Song("s", {k: v.mean(0, keepdims=True) for k, v in wide.items()}, RATE)
    found = [
        Measure(each, ["v3"]).of({k: 0.5 * v + 0.1 * each.mixture for k, v in each.sources.items()})
        for each in (stereo, mono)
    ]
    wanted = found[1].scores["vocals"]["src_sdr"]
    assert found[0].scores["vocals"]["src_sdr"] == pytest.approx(wanted, abs=1e-2)


def test_16_bits() -> None:
    audio = np.array([[[0.1, -0.5, 1.7, 1e-6]]], np.float32)
    rounded = in_16_bits(audio)[..., :]
    assert np.abs(rounded - audio).max() <= 2**-16
    assert (rounded * 2**15 == np.round(rounded * 2**15)).all()
    assert rounded[0, 0, 3] == 0 and rounded[0, 0, 2] > 1
    assert sdr(audio[0], rounded[0]) > 70


def test_one_source_alone_has_no_bss_eval() -> None:
    song = Song("s", {"vocals": voice(RATE)[:1]}, RATE)
    measured = Measure(song).of({"vocals": 0.5 * song.mixture})
    assert measured.scores["vocals"]["sdr"] == pytest.approx(6.02, abs=0.01)
    assert "v4_sdr" not in measured.scores["vocals"]
