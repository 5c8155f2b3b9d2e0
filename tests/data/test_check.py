"""`data check`: what is right passes, and every kind of damage is named with its remedy."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.musdb import make_musdb18, make_musdb18hq
from tests.helpers.synth import RATE, music, voice, write_stem
from vocalsep.data.check import Report, check
from vocalsep.data.layouts import read_stems
from vocalsep.errors import DataError


def checked(root: Path, against: Path | None = None) -> Report:
    others = read_stems(against) if against else []
    return check(read_stems(root), 1, others)


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    """Two songs with mixtures, all well."""
    for seed, name in enumerate(("one", "two")):
        v, m = voice(2 * RATE, seed), music(2 * RATE, seed + 9)
        for stem, audio in (("vocals", v), ("accompaniment", m), ("mixture", v + m)):
            write_stem(tmp_path / "set" / name / f"{stem}.wav", audio)
    return tmp_path / "set"


def test_a_good_set_has_no_problems(songs: Path) -> None:
    report = checked(songs)
    assert report.problems == []
    assert set(report.residuals_db) == {"one", "two"}
    assert max(report.residuals_db.values()) < -100
    vocals = report.summary()["vocals"]
    assert vocals["files"] == 2
    assert vocals["hours"] == pytest.approx(4 / 3600)
    assert vocals["rates"] == {RATE: 2}
    assert vocals["channels"] == {2: 2}
    assert (vocals["shortest_s"], vocals["longest_s"]) == (2.0, 2.0)
    assert 0.2 < vocals["silent"] < 0.5  # it pauses for a third of the time
    assert vocals["clipped_files"] == 0


@pytest.mark.parametrize("make", [make_musdb18, make_musdb18hq])
def test_musdb_in_its_own_formats(tmp_path: Path, make) -> None:  # type: ignore[no-untyped-def]
    make(tmp_path, {"train": ["A - B", "C - D"]}, seconds=0.5)
    report = check(read_stems(tmp_path), 2)
    assert report.problems == []
    assert {row["files"] for row in report.summary().values()} == {2}
    assert list(report.summary()) == ["bass", "drums", "mixture", "other", "vocals"]
    assert max(report.residuals_db.values()) < -12


def test_a_mixture_that_is_not_the_sum(songs: Path) -> None:
    write_stem(songs / "one" / "mixture.wav", music(2 * RATE, 55))
    (problem,) = checked(songs).problems
    assert problem.startswith("one: the mixture is not the sum of its stems")
    assert "missing stem" in problem


def test_a_missing_stem_shows_in_the_residual(songs: Path) -> None:
    (songs / "two" / "accompaniment.wav").unlink()
    assert any("two: the mixture is not the sum" in p for p in checked(songs).problems)


def test_lengths_and_rates_that_differ(songs: Path) -> None:
    write_stem(songs / "one" / "vocals.wav", voice(2 * RATE - 7))
    write_stem(songs / "two" / "vocals.wav", voice(2 * RATE), rate=2 * RATE)
    problems = checked(songs).problems
    assert any("one: its files have different lengths" in p and "15993" in p for p in problems)
    assert any("two: its files have different sample rates" in p for p in problems)


def test_unreadable_empty_and_nan_files(songs: Path) -> None:
    bad = voice(2 * RATE)
    bad[1, 4000] = np.inf
    write_stem(songs / "one" / "vocals.wav", bad)
    (songs / "one" / "accompaniment.wav").write_bytes(b"")
    (songs / "two" / "vocals.wav").write_text("no sound")
    problems = "\n".join(checked(songs).problems)
    assert "one/vocals.wav: a sample at 0.500 s is NaN or infinite" in problems
    assert "one/accompaniment.wav: the file is empty" in problems
    assert "two/vocals.wav: not a sound file" in problems


def test_silence_and_clipping_are_noted(songs: Path) -> None:
    for stem in ("mixture", "accompaniment"):
        write_stem(songs / "one" / f"{stem}.wav", np.clip(100 * voice(2 * RATE), -1, 1))
    write_stem(songs / "one" / "vocals.wav", np.zeros((2, 2 * RATE), np.float32))
    report = checked(songs)
    assert report.problems == []
    assert any("vocals.wav: silent from start to end" in r for r in report.remarks)
    assert any("mixture.wav: clips in" in r for r in report.remarks)
    assert report.summary()["accompaniment"]["clipped_files"] == 1


def test_the_same_recording_twice(songs: Path) -> None:
    import soundfile

    audio = (np.round(voice(2 * RATE, 7) * 32768) / 32768).astype(np.float32)
    write_stem(songs / "one" / "vocals.wav", audio)
    (songs / "two" / "vocals.wav").unlink()
    soundfile.write(songs / "two" / "vocals.flac", audio.T, RATE, subtype="PCM_16")
    duplicates = [p for p in checked(songs).problems if "same recording" in p]
    assert duplicates == [
        "two/vocals.flac: the same recording as one/vocals.wav; remove one of them"
    ]


def test_silent_stems_are_no_duplicates(songs: Path) -> None:
    for name in ("one", "two"):
        write_stem(songs / name / "vocals.wav", np.zeros((2, 2 * RATE), np.float32))
    assert not [p for p in checked(songs).problems if "same recording" in p]


def test_overlap_of_training_and_validation(songs: Path, tmp_path: Path) -> None:
    write_stem(tmp_path / "valid" / "renamed" / "vocals.wav", voice(2 * RATE, 1))
    write_stem(tmp_path / "valid" / "one" / "vocals.wav", voice(2 * RATE, 99))
    problems = checked(songs, tmp_path / "valid").problems
    assert any(p.startswith("two/vocals.wav: also in the other set") for p in problems)
    assert any(p.startswith("one: a song of this name") for p in problems)
    assert len(problems) == 2


def test_an_offset_pair_is_a_problem(tmp_path: Path) -> None:
    write_stem(tmp_path / "song" / "mixture.wav", voice(RATE) + music(RATE))
    write_stem(tmp_path / "song" / "instrumental.wav", np.roll(music(RATE), 80, axis=1))
    problems = checked(tmp_path).problems
    assert len(problems) == 1
    assert "-0.0100 s" in problems[0]


def test_nothing_to_check_is_an_error() -> None:
    with pytest.raises(DataError, match="the set is empty"):
        check([], 1)


def test_a_report_without_readable_files_has_no_nan(songs: Path) -> None:
    for path in songs.rglob("*.wav"):
        path.write_text("no sound")
    report = checked(songs)
    assert len(report.problems) == 6
    for row in report.summary().values():
        assert row["hours"] == row["silent"] == row["longest_s"] == 0.0


def test_the_report_is_plain_data() -> None:
    assert dataclasses.asdict(Report())["problems"] == []
