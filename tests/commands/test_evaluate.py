"""`vocalsep evaluate`: tables, resuming, failures and comparisons, on made songs."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

from tests.helpers.synth import RATE, music, tiny_recipe, voice, write_stem
from vocalsep.cli import cli
from vocalsep.errors import ModelError
from vocalsep.models.build import build_separator
from vocalsep.models.checkpoint import read_card, save_model

SECONDS = 2
FAST = ("--metrics", "energy", "--no-anchors")


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    for seed, name in enumerate(("one", "two")):
        folder = tmp_path / "songs" / name
        # One channel: the equations of BSS Eval are a quarter of the size.
        write_stem(folder / "vocals.wav", voice(SECONDS * RATE, seed)[:1])
        write_stem(folder / "accompaniment.wav", music(SECONDS * RATE, seed + 9)[:1])
    return tmp_path / "songs"


@pytest.fixture
def model(tmp_path: Path) -> str:
    torch.manual_seed(0)
    recipe = tiny_recipe(Path("bank"))
    path = tmp_path / "tiny.safetensors"
    save_model(path, recipe, build_separator(recipe).state_dict(), {}, {})
    return str(path)


def estimates(songs: Path, name: str, leak: float) -> Path:
    """A folder of stems in which `leak` of the other stem is left over."""
    folder = songs.parent / name
    for seed, song in enumerate(("one", "two")):
        pair = {
            "vocals": voice(SECONDS * RATE, seed)[:1],
            "accompaniment": music(SECONDS * RATE, seed + 9)[:1],
        }
        for stem, other in (("vocals", "accompaniment"), ("accompaniment", "vocals")):
            audio = (1 - leak) * pair[stem] + leak * pair[other]
            write_stem(folder / "test" / song / f"{stem}.wav", audio)
    return folder


def run(*arguments: str | Path, code: int = 0) -> Result:
    words = ["evaluate", *map(str, arguments)]
    result = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def test_a_model_beside_its_anchors(model: str, songs: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    first = run(songs, "-m", model, "-o", output)
    rows = [line.split() for line in first.stdout.splitlines()]
    names = ["mixture", "tiny", "IBM", "IRM1", "IRM2", "MWF"]
    assert [row[:2] for row in rows[1:]] == [
        [stem, name] for stem in ("vocals", "accompaniment") for name in names
    ]
    assert "SDR v4" in first.stdout and "GNSDR" in first.stdout
    files = sorted(p.relative_to(output).as_posix() for p in output.rglob("*.json"))
    assert files == sorted(f"{name}/test/{song}.json" for name in names for song in ("one", "two"))
    before = {path: path.stat().st_mtime_ns for path in output.rglob("*.json")}
    again = run(songs, "-m", model, "-o", output)
    assert again.stdout == first.stdout
    assert "6 kept" in again.stderr
    assert before == {path: path.stat().st_mtime_ns for path in output.rglob("*.json")}
    # Another file of a song, another result; the other song's is kept.
    write_stem(songs / "one" / "vocals.wav", voice(SECONDS * RATE, 77)[:1])
    third = run(songs, "-m", model, "-o", output)
    assert "one: 6 scored\n" in third.stderr and "two: 6 scored, 6 kept" in third.stderr


def test_stored_scores_are_the_global_sdrs(model: str, songs: Path, tmp_path: Path) -> None:
    result = run(songs, "-m", model, "-o", tmp_path / "out", *FAST, "--format", "json", "--store")
    tracks = json.loads(result.stdout)["tracks"]
    stored = read_card(Path(model)).scores
    assert set(stored) == {"one", "two"}
    assert stored["one"]["vocals"] == tracks["one"]["tiny"]["vocals"]["sdr"]
    assert set(stored["one"]) == {"vocals", "accompaniment", "voice_held", "music_held"}


def test_a_shipped_model_is_not_rewritten(
    model: str, songs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = "vocalsep.commands._evaluate_songs.pretrained_dir"
    monkeypatch.setattr(setup, lambda: tmp_path)
    before = Path(model).read_bytes()
    result = CliRunner().invoke(cli, ["evaluate", str(songs), "-m", model, "--store"])
    assert isinstance(result.exception, ModelError)
    assert "is shipped" in str(result.exception)
    assert Path(model).read_bytes() == before


def test_folders_are_compared_with_the_first(songs: Path, tmp_path: Path) -> None:
    folders = [estimates(songs, "good", 0.1), estimates(songs, "bad", 0.3)]
    options = ["-e", folders[0], "-e", folders[1], "-o", tmp_path / "out", *FAST]
    text = run(songs, *options).stdout
    assert "bad − good" in text and "0/2" in text
    report = json.loads(run(songs, *options, "--format", "json").stdout)
    # 0.9·s + 0.1·m against s: the error is 0.1·(m − s).
    vocals = report["tracks"]["one"]["good"]["vocals"]["sdr"]
    v, m = voice(SECONDS * RATE, 0)[:1].astype(float), music(SECONDS * RATE, 9)[:1]
    wanted = 10 * np.log10(np.square(v).sum() / np.square(0.1 * (m - v)).sum())
    assert vocals == pytest.approx(wanted, abs=1e-3)
    compared = report["comparisons"][0]
    assert (compared["first"], compared["second"], compared["n_pairs"]) == ("bad", "good", 2)
    assert compared["median_difference"] == pytest.approx(20 * np.log10(0.1 / 0.3), abs=1e-3)
    assert compared["wilcoxon_p"] == 0.5  # of two pairs nothing can be said


def test_formats(songs: Path, tmp_path: Path) -> None:
    options = ["-e", estimates(songs, "ours_1", 0.1), "-o", tmp_path / "out", *FAST, "--format"]
    table = list(csv.DictReader(io.StringIO(run(songs, *options, "csv").stdout)))
    assert [row["track"] for row in table] == ["one", "one", "two", "two"]
    assert float(table[0]["sdr"]) > 10 and table[0]["v4_sdr"] == ""
    markdown = run(songs, *options, "markdown").stdout
    assert markdown.splitlines()[1] == "| --- | --- | --: | --: |"
    latex = run(songs, *options, "latex").stdout
    assert r"vocals & ours\_1 & " in latex and r"\bottomrule" in latex


def test_a_broken_track_does_not_stop_the_rest(songs: Path, tmp_path: Path) -> None:
    folder = estimates(songs, "mine", 0.1)
    write_stem(songs / "broken" / "vocals.wav", voice(RATE))
    write_stem(songs / "broken" / "accompaniment.wav", music(RATE))
    write_stem(folder / "test" / "broken" / "vocals.wav", voice(2 * RATE))
    write_stem(folder / "test" / "broken" / "accompaniment.wav", music(RATE))
    for workers in ("1", "2"):
        options = ["-e", folder, "-o", tmp_path / f"out{workers}", *FAST, "--workers", workers]
        result = run(songs, *options, code=1)
        assert "16000 samples, the reference has 8000" in result.stderr
        assert "1 of 3 had failures" in result.stderr
        assert len(list(tmp_path.glob(f"out{workers}/mine/test/*.json"))) == 2


def test_the_wiener_filter_stands_beside_what_it_refines(songs: Path, tmp_path: Path) -> None:
    options = ["-e", estimates(songs, "mine", 0.1), "--wiener", "1"]
    result = run(songs, *options, "-o", tmp_path / "out", *FAST)
    first, second = result.stdout.splitlines()[1:3]
    assert first.startswith("vocals ") and "mine + wiener" not in first
    assert second.startswith("vocals ") and "mine + wiener" in second


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nowhere",), "no such folder"),
        (("songs", "-e", "empty"), "no estimates of 'one'"),
        (("empty",), "no data set"),
        (("songs", "-e", "nowhere"), "no such folder; expected one with estimates"),
        (("songs", "-m", "vocals", "--layout", "sonks"), "did you mean 'songs'"),
    ],
)
def test_what_cannot_start_is_told(
    words: tuple[str, ...], message: str, songs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(songs.parent)
    Path("empty").mkdir()
    result = CliRunner().invoke(cli, ["evaluate", *words])
    assert message in str(result.exception)
    assert not Path("evaluation").exists()


def test_stereo_files_of_two_sources(tmp_path: Path) -> None:
    pair = np.concatenate([music(RATE)[:1], voice(RATE)[:1]])
    write_stem(tmp_path / "ikala" / "10161_chorus.wav", pair)
    mine = tmp_path / "mine" / "10161_chorus"
    write_stem(mine / "vocals.wav", 0.9 * pair[1:])
    write_stem(mine / "accompaniment.wav", 0.5 * pair[:1])
    options = ["--layout", "split-stereo", "-e", tmp_path / "mine", "-o", tmp_path / "out", *FAST]
    tracks = json.loads(run(tmp_path / "ikala", *options, "--format", "json").stdout)["tracks"]
    scores = tracks["10161_chorus"]["mine"]
    assert scores["vocals"]["sdr"] == pytest.approx(20, abs=0.01)
    assert scores["accompaniment"]["sdr"] == pytest.approx(6.02, abs=0.01)
