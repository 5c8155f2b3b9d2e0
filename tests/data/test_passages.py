"""Passages that may train: found to the half second, joined without clicks."""

from __future__ import annotations

import numpy as np
import pytest

from vocalsep.data.passages import Audio, agreed_voice, breaks, joined, share_db

RATE = 1000


def noise(seconds: float, seed: int) -> Audio:
    shape = (2, round(seconds * RATE))
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def gated(sound: Audio, start_s: float, stop_s: float) -> Audio:
    out = np.zeros_like(sound)
    span = slice(round(start_s * RATE), round(stop_s * RATE))
    out[:, span] = sound[:, span]
    return out


def test_voice_is_taken_where_estimates_agree() -> None:
    voice, music = gated(noise(20, 0), 2, 10), noise(20, 1)
    other = voice + gated(noise(20, 2), 6, 12)  # from 6 s on the second estimate errs
    assert agreed_voice(voice + music, voice, other, RATE) == [slice(2000, 6000)]


def test_drowned_and_soft_voice_is_left() -> None:
    voice, music = noise(20, 0), 5 * gated(noise(20, 1), 0, 5)
    assert agreed_voice(voice + music, voice, voice, RATE) == [slice(5000, 20000)]
    softer = voice * np.where(np.arange(20_000) < 10_000, 1, 0.01).astype(np.float32)
    assert agreed_voice(softer, softer, softer, RATE) == [slice(0, 10_000)]


def test_a_syllable_is_too_short() -> None:
    voice = gated(noise(20, 0), 3, 4)
    assert agreed_voice(voice, voice, voice, RATE) == []


def test_breaks_are_where_no_voice_was_found() -> None:
    voice, music = gated(noise(20, 0), 8, 11), noise(20, 1)
    assert breaks(voice + music, 0.01 * music + voice, RATE) == [
        slice(0, 8000),
        slice(11_000, 20_000),
    ]
    assert breaks(0 * music, 0 * voice, RATE) == []


def test_share_is_of_the_passage() -> None:
    music = noise(4, 1)
    voice = gated(0.1 * music, 0, 2)
    assert share_db(music, voice, slice(0, 2000)) == pytest.approx(-20, abs=0.01)


def test_joined_passages_are_faded() -> None:
    ones = np.ones((2, 4000), np.float32)
    sound = joined(ones, [slice(0, 1000), slice(2000, 4000)], RATE)
    assert sound.shape == (2, 3000)
    assert sound[0, [0, 999, 1000, 2999]].tolist() == [0, 0, 0, 0]
    assert sound[0, 500] == sound[0, 2000] == 1
    assert (ones == 1).all()
    assert joined(ones, [], RATE).shape == (2, 0)


def test_shorter_than_a_block() -> None:
    sound = noise(0.2, 0)
    assert agreed_voice(sound, sound, sound, RATE) == breaks(sound, sound, RATE) == []
