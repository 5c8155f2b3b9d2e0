"""`vocalsep separate` from the outside: exit codes, events, folders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.helpers.separating import STEMS, events, listing, of_kind, separate, write_song


def test_one_song() -> None:
    write_song("song.wav")
    result = separate("song.wav")
    assert result.exit_code == 0, result.output
    assert listing("separated/song") == STEMS
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert "× real time" in result.stderr


def test_json_events() -> None:
    write_song("song.wav")
    result = separate("song.wav", "--json", "--format", "flac")
    assert result.exit_code == 0
    assert result.stderr == ""
    kinds = [event["event"] for event in events(result)]
    assert kinds[0] == "planned"
    assert set(kinds[1:-2]) == {"progress"}
    assert kinds[-2:] == ["done", "finished"]
    (planned,) = of_kind(result, "planned")
    assert planned["outputs"]["vocals"] == str(Path("separated/song/vocals.flac"))
    (done,) = of_kind(result, "done")
    assert done["gain"] == 1.0
    assert done["overs"] == 0
    assert done["speed"] > 0
    assert done["seconds"] > 0
    assert done["levels"]["vocals"]["peak_db"] == pytest.approx(-17.2, abs=0.2)


def test_one_bad_file_does_not_stop_the_batch() -> None:
    write_song("a.wav")
    Path("b.wav").write_text("not audio")
    write_song("c.wav")
    result = separate("a.wav", "b.wav", "missing.wav", "c.wav", "--json")
    assert result.exit_code == 1
    assert [event["source"] for event in of_kind(result, "done")] == ["a.wav", "c.wav"]
    assert [event["source"] for event in of_kind(result, "error")] == ["b.wav", "missing.wav"]
    assert listing("separated") == ["a", "c"]


def bad_inputs() -> dict[str, str]:
    """Name -> what the one line must say."""
    Path("empty.wav").touch()
    Path("text.wav").write_text("words " * 100)
    soundfile.write("nothing.wav", np.zeros((0, 2)), 44100)
    not_numbers = np.zeros((30000, 2), np.float32)
    not_numbers[12345] = np.nan
    soundfile.write("nan.wav", not_numbers, 44100, subtype="FLOAT")
    Path("folder").mkdir()
    return {
        "missing.wav": "missing.wav",
        "empty.wav": "empty",
        "text.wav": "text.wav",
        "nothing.wav": "no samples",
        "nan.wav": "NaN",
        "folder": "no audio in this folder",
    }


def test_bad_inputs_are_one_clear_line_each() -> None:
    for name, words in bad_inputs().items():
        result = separate(name)
        assert result.exit_code in (1, 2), name
        assert len(result.stderr.splitlines()) == 1, result.stderr
        assert words in result.stderr
        assert "Traceback" not in result.output
        assert not Path("separated").exists(), name


def test_folders_are_mirrored() -> None:
    write_song("music/a.wav")
    write_song("music/deep/b.wav")
    assert separate("music", "-o", "out").exit_code == 0
    assert listing("out") == ["a"]
    assert separate("music", "-o", "out", "--recursive").exit_code == 0
    assert listing("out") == ["a", "deep"]
    assert listing("out/deep/b") == STEMS


def test_stems_beside_the_source_are_not_taken_for_songs() -> None:
    write_song("music/a.wav")
    arguments = ("music", "--name", "{source_dir}/{track} ({stem}).{ext}")
    for _ in range(2):
        assert separate(*arguments).exit_code == 0
        assert listing("music") == ["a (accompaniment).wav", "a (vocals).wav", "a.wav"]


def test_a_truncated_file_is_separated_with_a_warning() -> None:
    write_song("whole.wav", n_samples=88200)
    Path("song.wav").write_bytes(Path("whole.wav").read_bytes()[:200_000])
    result = separate("song.wav", "--json")
    assert result.exit_code == 0, result.output
    assert of_kind(result, "warning")
    (done,) = of_kind(result, "done")
    assert 1.0 < done["audio_s"] < 1.2
