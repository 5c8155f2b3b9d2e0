"""`vocalsep data`: what is printed, exit codes, and the way from a data set to shards."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from tests.helpers.diphones import make_program, make_voice
from tests.helpers.synth import RATE, music, voice, write_stem
from vocalsep.cli import cli
from vocalsep.data.augment import AUGMENTATIONS
from vocalsep.data.bank import Bank
from vocalsep.data.layouts import GUESSES
from vocalsep.errors import DataError, VocalsepError


@pytest.fixture
def album(tmp_path: Path) -> Path:
    for seed, name in enumerate(("one", "two")):
        write_stem(tmp_path / "album" / name / "vocals.wav", voice(2 * RATE, seed))
        write_stem(tmp_path / "album" / name / "accompaniment.wav", music(2 * RATE, seed + 9))
    return tmp_path / "album"


def run(*arguments: object, code: int = 0) -> Result:
    words = ["data", *map(str, arguments)]
    result = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def test_check_prints_a_table_and_says_what_it_guessed(album: Path) -> None:
    result = run("check", album, "--workers", 1)
    assert "taken for the layout songs" in result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].split()[:4] == ["stem", "files", "hours", "Hz"]
    assert [line.split()[:2] for line in lines[1:3]] == [["accompaniment", "2"], ["vocals", "2"]]
    assert lines[-1] == "0 problems, 0 notes"


def test_check_as_json(album: Path) -> None:
    write_stem(album / "one" / "vocals.wav", np.zeros((2, 2 * RATE), np.float32))
    result = run("check", album, "--layout", "songs", "--json", "--workers", 1)
    assert result.stderr == ""
    found = json.loads(result.stdout)
    assert found["ok"] is True
    assert found["summary"]["vocals"]["files"] == 2
    assert {stem["song"] for stem in found["stems"]} == {"one", "two"}
    silent = next(s for s in found["stems"] if s["silent"] == 1.0)
    assert silent["rms_db"] is None
    assert found["remarks"] == ["one/vocals.wav: silent from start to end"]


def test_problems_end_in_exit_code_1(album: Path, tmp_path: Path) -> None:
    (album / "one" / "vocals.wav").write_text("no sound")
    result = run("check", album, "--workers", 1, code=1)
    assert "problem: " in result.stdout
    assert "one/vocals.wav: not a sound file" in result.stdout
    assert result.stdout.splitlines()[-1] == "1 problems, 0 notes"
    write_stem(tmp_path / "valid" / "x" / "vocals.wav", voice(2 * RATE, 1))
    against = run("check", album, "--against", tmp_path / "valid", "--workers", 1, code=1)
    assert "two/vocals.wav: also in the other set" in against.stdout


def test_an_empty_set_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="expected one of the layouts"):
        run("check", tmp_path / "empty")
    with pytest.raises(DataError, match="split is empty"):
        run("check", tmp_path / "empty", "--layout", "songs")


def test_from_a_list_to_a_bank_to_shards(album: Path, tmp_path: Path) -> None:
    rows = [f"{t},{s},{s}/{t}.wav" for s in ("one", "two") for t in ("vocals", "accompaniment")]
    listed = tmp_path / "list.csv"
    listed.write_text("\n".join(["target,song,path", *rows, "vocals,three,three/vocals.wav"]))
    bank = tmp_path / "bank"
    packed = run("pack", listed, "--root", album, "-o", bank, "--rate", RATE, "--workers", 1)
    assert "left out: " in packed.stdout
    assert packed.stdout.splitlines()[-1] == f"{bank}: 4 stems, 0.00 hours"
    assert [track.song for track in Bank(bank).tracks] == ["one", "one", "two", "two"]
    written = run("shards", bank, "-o", tmp_path / "tars", "--seconds", 1, "--workers", 1)
    index = tmp_path / "tars" / "shardindex.json"
    assert f"mixing.shards=[{index}]" in written.stdout
    assert sum(row["nsamples"] for row in json.loads(index.read_text())["shardlist"]) == 4
    checked = run("check", tmp_path / "tars", "--workers", 1)
    assert "taken for the layout webdataset" in checked.stderr


def test_a_root_is_for_lists_and_test_is_never_packed(album: Path, tmp_path: Path) -> None:
    wrong = run("pack", album, "--root", album, "-o", tmp_path / "bank", code=2)
    assert "--root is for lists" in wrong.output
    held = run("pack", album, "--split", "test", "-o", tmp_path / "bank", code=2)
    assert "'test' is not one of" in held.output


def test_songs_of_any_layout_become_folders(album: Path, tmp_path: Path) -> None:
    out = tmp_path / "songs"
    lines = run("songs", album, "-o", out, "--rate", RATE).stdout.splitlines()
    assert sorted(lines) == [str(out / "one"), str(out / "two")]
    for stem in ("vocals", "accompaniment"):
        assert (out / "one" / f"{stem}.wav").is_file()


def test_every_layout_is_listed() -> None:
    sounds, _ = run("layouts").stdout.split("\n\n")
    assert [line.split()[0] for line in sounds.splitlines()[1:]] == list(GUESSES)


def test_every_augmentation_has_a_cost() -> None:
    lines = run("cost", "--rate", RATE, "--seconds", 0.2).stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == AUGMENTATIONS.names()
    assert all(line.endswith(" ms") for line in lines[1:])


def test_examples_are_songs_that_can_be_scored(album: Path, tmp_path: Path) -> None:
    bank = tmp_path / "bank"
    run("pack", album, "-o", bank, "--rate", RATE, "--workers", 1)
    recipe = tmp_path / "recipe.yaml"
    text = f"name: drawn\naudio: {{sample_rate: {RATE}, n_fft: 256, hop_length: 64, n_bins: 100}}"
    recipe.write_text(text)
    words = [recipe, f"mixing.bank={bank}", "-o", tmp_path / "songs", "-n", 2, "--seconds", 1]
    lines = run("examples", *words).stdout.splitlines()
    assert lines == [str(tmp_path / "songs" / f"example-{k:03d}") for k in range(2)]
    assert sorted(p.name for p in Path(lines[0]).iterdir()) == ["accompaniment.wav", "vocals.wav"]
    again = CliRunner().invoke(cli, ["data", "examples", *map(str, words)])
    assert "is there already" in str(again.exception)


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for MBROLA is a script")
def test_sing_writes_a_file_for_each_voice(tmp_path: Path) -> None:
    out = tmp_path / "sung"
    program, _ = make_program(tmp_path)
    words = [make_voice(tmp_path), "-o", out, "--seconds", 3, "--mbrola", program]
    assert run("sing", *words).stdout.split() == [str(out / "xx1.flac")]
    words[0] = out / "gone"
    failed = CliRunner().invoke(cli, ["data", "sing", *map(str, words), "--workers", "1"])
    assert failed.exit_code == 1 and "no MBROLA voice" in failed.stderr
    assert "1 of 1 voices could not sing" in failed.stderr
    words[-1] = out / "gone"  # the program
    again = CliRunner().invoke(cli, ["data", "sing", *map(str, words)])
    assert again.exit_code != 0 and isinstance(again.exception, VocalsepError)


def test_harvest_tells_what_came_of_each_song(tmp_path: Path) -> None:
    song = tmp_path / "song.wav"
    write_stem(song, music(2 * RATE, 1))
    words = [song, "-o", tmp_path / "out", "--device", "cpu"]
    assert run("harvest", *words).stdout.startswith(f"{song}: ")
    three = [option for name in ("vocals", "vocals", "vocals") for option in ("-m", name)]
    assert "one or two models" in run("harvest", *words, *three, code=2).output
