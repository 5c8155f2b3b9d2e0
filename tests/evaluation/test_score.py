"""Scores and the anchors that frame them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.synth import RATE, music, voice
from vocalsep.dsp.stft import STFT
from vocalsep.evaluation.score import score, score_anchors
from vocalsep.evaluation.songs import Song


@pytest.fixture
def song() -> Song:
    return Song("made", {"vocals": voice(3 * RATE), "accompaniment": music(3 * RATE)}, RATE)


def test_closed_form(song: Song) -> None:
    scores = score(song, {name: 0.9 * audio for name, audio in song.sources.items()})
    assert scores["vocals"] == pytest.approx(20.0, abs=0.01)
    assert scores["accompaniment"] == pytest.approx(20.0, abs=0.01)
    assert scores["voice_held"] == pytest.approx(0.9, abs=1e-3)
    assert scores["music_held"] == pytest.approx(0.0, abs=1e-3)


def test_anchors_frame_what_is_possible(song: Song) -> None:
    anchors = score_anchors(song, STFT(256, 64))
    mixture, ideal = anchors["mixture"], anchors["ideal ratio mask"]
    assert mixture["voice_held"] == pytest.approx(1.0, abs=0.01)
    assert mixture["music_held"] == pytest.approx(1.0, abs=0.01)
    energy = [float(np.square(x).sum()) for x in song.sources.values()]
    assert mixture["vocals"] == pytest.approx(10 * np.log10(energy[0] / energy[1]), abs=0.01)
    assert mixture["accompaniment"] == pytest.approx(-mixture["vocals"], abs=0.01)
    assert ideal["vocals"] > mixture["vocals"] + 6
    assert ideal["accompaniment"] > mixture["accompaniment"] + 6


def test_without_vocals_there_is_only_the_sdr() -> None:
    song = Song("made", {"drums": music(RATE), "residual": voice(RATE)}, RATE)
    assert score(song, {"drums": 0.5 * song.sources["drums"]}) == {
        "drums": pytest.approx(6.02, abs=0.01)
    }
    np.testing.assert_array_equal(song.rest("drums"), song.sources["residual"])
