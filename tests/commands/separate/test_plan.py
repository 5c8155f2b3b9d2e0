"""What `vocalsep separate` refuses or skips before any work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from tests.helpers.fake_models import four_stems, use_network
from tests.helpers.separating import listing, of_kind, separate, write_song
from vocalsep.cli import cli


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--stem", "vocal"], "did you mean 'vocals'"),
        (["--name", "{trak}/{stem}.{ext}"], "did you mean 'track'"),
        (["--name", "x.{ext}"], "add {stem}"),
        (["--start", "3", "--end", "2"], "--end 2 is not after --start 3"),
        (["--start", "nan"], "--start nan is no time"),
        (["--end", "nan"], "--end nan is no time"),
        (["--start", "inf", "-o", "-", "--stem", "vocals"], "--start inf is no time"),
        (["--format", "raw"], "--format raw is for standard output only"),
        (["--rate", "44100"], "--rate and --channels describe raw standard input"),
        (["--channels", "1"], "--rate and --channels describe raw standard input"),
        (["--format", "mp3", "--subtype", "pcm_16"], "pcm_16"),
        (["--device", "tpu"], "unknown device"),
        (["-o", "-"], "add --stem vocals or --stem accompaniment"),
        (["-o", "-", "--stem", "vocals", "--json"], "choose one"),
        (["-o", "song.wav"], "is a file"),
        (["--name", "{source_dir}/song.{ext}", "--stem", "vocals"], "is an input"),
    ],
)
def test_wrong_options_stop_before_any_work(here: Path, arguments: list[str], words: str) -> None:
    write_song("song.wav")
    result = separate("song.wav", *arguments)
    assert result.exit_code == 2
    output = result.output.strip().splitlines()
    assert any(words in line for line in (output if "--json" in arguments else output[-1:]))
    assert listing(here) == ["song.wav"]


@pytest.fixture
def four(monkeypatch: pytest.MonkeyPatch) -> None:
    use_network(monkeypatch, four_stems())


@pytest.mark.usefixtures("four")
def test_any_stem_of_the_model_can_be_asked_for() -> None:
    write_song("song.wav")
    for stem in ("other", "drums", "accompaniment"):
        result = separate("song.wav", "--stem", stem, "-o", stem, "--json")
        assert result.exit_code == 0, result.output
        (done,) = of_kind(result, "done")
        assert list(done["outputs"]) == list(done["levels"]) == [stem]
        assert listing(f"{stem}/song") == [f"{stem}.wav"]
    result = separate("song.wav", "--json")
    (planned,), (done,) = of_kind(result, "planned"), of_kind(result, "done")
    stems = ["vocals", "drums", "bass", "other"]
    assert list(planned["outputs"]) == list(done["outputs"]) == list(done["levels"]) == stems
    assert listing("separated/song") == sorted(f"{stem}.wav" for stem in stems)


@pytest.mark.usefixtures("four")
def test_an_unknown_stem_is_one_line_with_all_there_are(here: Path) -> None:
    write_song("song.wav")
    for arguments in ([], ["-o", "-"]):
        result = separate("song.wav", "--stem", "guitar", *arguments)
        assert result.exit_code == 2
        (line,) = result.stderr.splitlines()
        assert "no stem 'guitar', only vocals, drums, bass, other, accompaniment" in line
    result = separate("song.wav", "-o", "-")
    assert "--stem bass or --stem other" in result.stderr
    assert listing(here) == ["song.wav"]


def test_inputs_that_collide_stop_before_any_work(here: Path) -> None:
    write_song("a/song.wav")
    write_song("b/song.wav")
    result = separate("a/song.wav", "b/song.wav")
    assert result.exit_code == 2
    assert "would both be written" in result.stderr
    assert listing(here) == ["a", "b"]
    name = "{track} {source_ext}/{stem}.{ext}"
    assert separate("a/song.wav", "b/song.wav", "--name", name).exit_code == 2
    write_song("a/song.flac")
    assert separate("a", "--name", name).exit_code == 0
    assert listing("separated") == ["song flac", "song wav"]


def test_a_format_that_cannot_carry_a_song_stops_before_any_work(here: Path) -> None:
    soundfile.write("song.wav", np.zeros((1000, 2)), 96000)
    result = separate("song.wav", "--format", "mp3")
    assert result.exit_code == 2
    assert "96000" in result.stderr
    assert listing(here) == ["song.wav"]


def test_an_unknown_model_is_one_line_and_exit_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    result = separate("song.wav", "-m", "no-such-model")
    assert result.exit_code == 2
    assert "no-such-model" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_dry_run_writes_nothing(here: Path) -> None:
    write_song("song.wav")
    result = separate("song.wav", "--dry-run")
    assert result.exit_code == 0
    assert str(Path("separated/song/vocals.wav")) in result.stdout
    assert listing(here) == ["song.wav"]
    assert separate("missing.wav", "--dry-run").exit_code == 2


def test_dry_run_says_what_would_be_skipped() -> None:
    write_song("done.wav")
    write_song("new.wav", seed=1)
    assert separate("done.wav").exit_code == 0
    arguments = ("done.wav", "new.wav", "--skip-existing", "--dry-run")
    result = separate(*arguments)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "done.wav: up to date, would be skipped"
    assert [line.split(" ")[0] for line in lines[1:]] == ["new.wav", "new.wav"]
    result = separate(*arguments, "--json")
    assert [event["source"] for event in of_kind(result, "skipped")] == ["done.wav"]
    assert of_kind(result, "finished")[0]["n_skipped"] == 1
    assert listing("separated") == ["done"]


def test_skip_existing_compares_input_model_and_options(monkeypatch: pytest.MonkeyPatch) -> None:
    def skipped(*arguments: str) -> bool:
        result = separate("song.wav", "--skip-existing", "--json", *arguments)
        assert result.exit_code == 0, result.output
        return bool(of_kind(result, "skipped"))

    write_song("song.wav")
    assert not skipped()
    assert skipped()
    assert not skipped("--quality", "fast")
    assert not skipped()
    write_song("song.wav", seed=1)
    assert not skipped()
    assert skipped()
    Path("separated/song/vocals.wav").unlink()
    assert not skipped()
    assert not skipped("--end", "0.3")


def test_a_folder_per_stem_is_skipped_and_verified_too() -> None:
    write_song("song.wav")
    arguments = ("song.wav", "--skip-existing", "--json", "--name", "{stem}/{track}.{ext}")
    assert of_kind(separate(*arguments), "done")
    assert listing("separated/vocals") == ["song.wav"]
    assert of_kind(separate(*arguments), "skipped")
    result = CliRunner().invoke(cli, ["verify", "song.wav", "separated/vocals"])
    assert result.exit_code == 0, result.output
