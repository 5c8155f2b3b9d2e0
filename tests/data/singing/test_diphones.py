"""Nonsense syllables for diphone voices: only what the voice can join, pitch from the melody."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.diphones import PAIRS, make_program, make_voice
from vocalsep.data.singing.diphones import read_voice, sing
from vocalsep.errors import DataError


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    return make_voice(tmp_path)


def test_a_voice_tells_what_it_can_join(voice: Path) -> None:
    known = read_voice(voice)
    assert known.vowels == {"a", "i"}
    assert known.followers == {"_": ["l"], "l": ["a"], "a": ["l", "_", "m"], "m": ["i"], "i": ["l"]}


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script")
def test_only_sounds_that_join_are_sung(voice: Path, tmp_path: Path) -> None:
    program, log = make_program(tmp_path)
    sung, rate = sing(read_voice(voice), 20.0, np.random.default_rng(0), str(program))
    assert rate == 16000 and 19 < len(sung) / rate < 40
    assert np.abs(sung).max() == pytest.approx(0.9)
    pairs = {tuple(line.split()) for line in log.read_text().splitlines()}
    # After the last sound of a phrase comes silence, joined or not.
    assert {pair for pair in pairs if pair[1] != "_"} <= set(PAIRS)
    assert ("l", "a") in pairs and ("m", "i") in pairs


def test_what_is_no_voice_is_refused(voice: Path, tmp_path: Path) -> None:
    (tmp_path / "song.wav").write_bytes(b"RIFF")
    for path in (tmp_path / "song.wav", tmp_path, tmp_path / "missing"):
        with pytest.raises(DataError, match="no MBROLA voice"):
            read_voice(path)
    voice.write_bytes(voice.read_bytes()[:40])
    with pytest.raises(DataError, match="no MBROLA voice"):
        read_voice(voice)


def test_a_missing_program_is_told(voice: Path) -> None:
    with pytest.raises(DataError, match="not-there: not found; install MBROLA"):
        sing(read_voice(voice), 1.0, np.random.default_rng(0), "not-there")
