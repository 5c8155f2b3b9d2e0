"""Validation: the excerpt, the anchors and the scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.helpers.synth import RATE, music, tiny_recipe, voice
from vocalsep.models.separator import MaskSeparator
from vocalsep.training.validation import Song, score_anchors, strongest_span


def test_the_excerpt_is_where_the_voice_is() -> None:
    silent_then_loud = np.zeros((2, 10 * RATE), np.float32)
    silent_then_loud[:, 6 * RATE : 8 * RATE] = 0.5
    assert strongest_span(silent_then_loud, RATE, 2.0) == slice(6 * RATE, 8 * RATE)
    assert strongest_span(silent_then_loud, RATE, 0.0) == slice(0, 10 * RATE)
    assert strongest_span(silent_then_loud, RATE, 99.0) == slice(0, 10 * RATE)


def test_anchors_frame_what_is_possible() -> None:
    song = Song("made", voice(3 * RATE), music(3 * RATE))
    anchors = score_anchors(MaskSeparator(tiny_recipe(Path("b"))), song)
    mixture, ideal = anchors["mixture"], anchors["ideal ratio mask"]
    assert mixture["voice_held"] == pytest.approx(1.0, abs=0.01)
    assert mixture["music_held"] == pytest.approx(1.0, abs=0.01)
    energy = [float(np.square(x).sum()) for x in (song.vocals, song.accompaniment)]
    assert mixture["vocals"] == pytest.approx(10 * np.log10(energy[0] / energy[1]), abs=0.01)
    assert mixture["accompaniment"] == pytest.approx(-mixture["vocals"], abs=0.01)
    assert ideal["vocals"] > mixture["vocals"] + 6
    assert ideal["accompaniment"] > mixture["accompaniment"] + 6
