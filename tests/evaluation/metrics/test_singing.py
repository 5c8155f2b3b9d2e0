"""Leakage in pauses and dips under the voice, with signals for which both are known."""

from __future__ import annotations

import numpy as np
import pytest

from vocalsep.evaluation.metrics import dip_db, leakage_db

RATE = 8000


@pytest.fixture
def song(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(voice, music), (2, 4 s): the voice sings in the first half."""
    voice, music = 0.1 * rng.standard_normal((2, 2, 4 * RATE))
    voice[:, 2 * RATE :] = 0.0
    return voice, music


def test_leakage_is_the_gain_of_the_music_in_pauses(song: tuple[np.ndarray, np.ndarray]) -> None:
    voice, music = song
    for gain, level in ((0.1, -20.0), (1.0, 0.0), (0.0, -100.0)):
        found = leakage_db(voice, voice + music, voice + gain * music, RATE)
        assert found == pytest.approx(level, abs=1e-6)
    assert np.isnan(leakage_db(music, voice + music, music, RATE))


def test_dips_count_only_where_somebody_sings(song: tuple[np.ndarray, np.ndarray]) -> None:
    voice, music = song
    ducked = music.copy()
    ducked[:, : 2 * RATE] *= 0.5
    assert dip_db(voice, music, ducked, RATE) == pytest.approx(6.0206, abs=1e-6)
    assert dip_db(voice, music, music, RATE) == 0.0
    assert dip_db(voice, music, 0 * music, RATE) == pytest.approx(40.0)
    pumped = music.copy()
    pumped[:, 2 * RATE :] = 0.0
    assert dip_db(voice, music, pumped, RATE) == 0.0
    assert np.isnan(dip_db(0 * voice, music, music, RATE))


def test_leftover_voice_does_not_hide_a_dip(song: tuple[np.ndarray, np.ndarray]) -> None:
    voice, music = song
    found = dip_db(voice, music, 0.5 * music + voice, RATE)
    assert found == pytest.approx(6.0, abs=1.0)
