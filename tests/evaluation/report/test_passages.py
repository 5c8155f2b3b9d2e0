"""Passages: the right seconds, no more than fit, clips that play."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.helpers.synth import RATE, music, voice, write_stem
from vocalsep.evaluation.methods import MixtureMethod
from vocalsep.evaluation.records import Record
from vocalsep.evaluation.report.passages import (
    CLIP_RATE,
    Place,
    choose_places,
    cut_passages,
    make_clip,
    passages_that_fit,
)
from vocalsep.evaluation.tracks import find_tracks


def record(track: str, values: list[float]) -> Record:
    return Record("net", track, "", 30.0, {"vocals": {"SDR": values}}, {"vocals": {}})


def test_the_worst_and_the_best_are_found() -> None:
    low_late = [5.0] * 12 + [-3.0] * 12
    high_late = [4.0] * 12 + [9.0] * 12
    silent = [math.nan] * 24
    half_silent = [math.nan] * 14 + [99.0] * 4 + [math.nan] * 6  # too little to judge by
    records = [record(str(k), v) for k, v in enumerate((low_late, high_late, silent, half_silent))]
    worst, best = choose_places(records, "vocals", 1)
    assert (worst.track, worst.sdr, worst.kind) == ("0", -3.0, "worst")
    assert worst.start_s >= 8
    assert (best.track, best.sdr, best.kind) == ("1", 9.0, "best")
    assert choose_places(records, "drums", 2) == []
    assert len(choose_places(records, "vocals", 5)) == 4


def test_short_tracks_are_one_passage() -> None:
    assert choose_places([record("a", [1.0, 3.0])], "vocals", 1)[0] == Place("a", 0, 2.0, "worst")


def test_pages_stay_below_their_size() -> None:
    assert [passages_that_fit(2, n) for n in (1, 2, 9)] == [3, 3, 1]


def test_clips_play_what_was_there(tmp_path: Path) -> None:
    n = 14 * RATE
    write_stem(tmp_path / "s" / "vocals.wav", voice(n))
    write_stem(tmp_path / "s" / "accompaniment.wav", music(n))
    (passage,) = cut_passages(
        [Place("s", 3, 1.0, "best")],
        find_tracks([tmp_path]),
        [MixtureMethod("net")],
        ("vocals", "accompaniment"),
    )
    assert [clip.label for clip in passage.clips["vocals"]] == ["mixture", "reference", "net"]
    audio, rate = soundfile.read(io.BytesIO(passage.clips["vocals"][1].mp3))
    assert rate == CLIP_RATE
    assert len(audio) == pytest.approx(10 * CLIP_RATE, abs=2400)
    wanted = 0.9 * np.sqrt(np.square(voice(n)[:, 3 * RATE : 13 * RATE]).mean())
    assert np.sqrt(np.square(audio).mean()) == pytest.approx(wanted, rel=0.05)


def test_a_clip_of_silence() -> None:
    clip = make_clip("x", np.zeros((1, RATE), np.float32), RATE)
    assert clip.mp3 and clip.webp[8:12] == b"WEBP"
    assert make_clip("x", np.zeros((1, RATE), np.float32), RATE, sound=False).mp3 == b""
