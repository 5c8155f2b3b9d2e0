"""`vocalsep separate` from the outside: exit codes, events, plans, pipes, signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from tests.helpers.fake_models import use_network
from vocalsep.audio.write import TEMPORARY_PREFIX
from vocalsep.cli import cli
from vocalsep.inference.manifest import MANIFEST_NAME
from vocalsep.models.identity import IdentitySeparator

STEMS = ["accompaniment.wav", "vocals.wav"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, with a network that calls half of everything voice."""
    monkeypatch.chdir(tmp_path)
    use_network(monkeypatch, IdentitySeparator(gain=0.5, chunk_samples=8192))
    return tmp_path


def write_song(name: str, n_samples: int = 30000, seed: int = 0) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    codes = np.random.default_rng(seed).integers(-9000, 9000, (n_samples, 2), dtype=np.int16)
    soundfile.write(path, codes, 44100, subtype="PCM_16")
    return path


def separate(*arguments: str, **keywords: Any) -> Result:
    return CliRunner().invoke(cli, ["separate", *arguments], **keywords)


def events(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def of_kind(result: Result, kind: str) -> list[dict[str, Any]]:
    return [event for event in events(result) if event["event"] == kind]


def listing(folder: str | Path) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir() if path.name != MANIFEST_NAME)


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


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--stem", "vocal"], "did you mean 'vocals'"),
        (["--name", "{trak}/{stem}.{ext}"], "did you mean 'track'"),
        (["--name", "x.{ext}"], "add {stem}"),
        (["--start", "3", "--end", "2"], "--end 2 is not after --start 3"),
        (["--format", "raw"], "--format raw is for standard output only"),
        (["--rate", "44100"], "--rate and --channels describe raw standard input"),
        (["--channels", "1"], "--rate and --channels describe raw standard input"),
        (["--format", "mp3", "--subtype", "pcm_16"], "pcm_16"),
        (["--device", "tpu"], "unknown device"),
        (["-o", "-"], "add --stem"),
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


def test_dry_run_writes_nothing(here: Path) -> None:
    write_song("song.wav")
    result = separate("song.wav", "--dry-run")
    assert result.exit_code == 0
    assert str(Path("separated/song/vocals.wav")) in result.stdout
    assert listing(here) == ["song.wav"]
    assert separate("missing.wav", "--dry-run").exit_code == 2


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


def test_an_unknown_model_is_one_line_and_exit_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    result = separate("song.wav", "-m", "no-such-model")
    assert result.exit_code == 2
    assert "no-such-model" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_truncated_file_is_separated_with_a_warning() -> None:
    write_song("whole.wav", n_samples=88200)
    Path("song.wav").write_bytes(Path("whole.wav").read_bytes()[:200_000])
    result = separate("song.wav", "--json")
    assert result.exit_code == 0, result.output
    assert of_kind(result, "warning")
    (done,) = of_kind(result, "done")
    assert 1.0 < done["audio_s"] < 1.2


def test_verify_passes_and_fails() -> None:
    write_song("song.wav")
    separate("song.wav")
    result = CliRunner().invoke(cli, ["verify", "song.wav", "separated"])
    assert result.exit_code == 0, result.output
    assert "exactly zero" in result.stdout
    write_song("song.wav", seed=1)
    result = CliRunner().invoke(cli, ["verify", "song.wav", "separated"])
    assert result.exit_code == 1
    assert "at most" in result.stdout


def test_help_is_instant() -> None:
    program = (
        "import sys; from click.testing import CliRunner; from vocalsep.cli import cli;"
        "[CliRunner().invoke(cli, a, catch_exceptions=False) for a in "
        "(['--help'], ['separate', '--help'], ['verify', '--help'])];"
        "print('torch' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert result.stdout == "False\n"


# --- Real processes: pipes and signals -------------------------------------------------------

ROOT = Path(__file__).parents[2]

PROGRAM = textwrap.dedent("""
    import sys, time
    sys.path.insert(0, {root!r})
    from types import SimpleNamespace
    from vocalsep.inference import separator
    from vocalsep.models.identity import IdentitySeparator

    class Slow(IdentitySeparator):
        def forward(self, mixture):
            time.sleep({seconds})
            return super().forward(mixture)

    network = Slow(gain=0.5, chunk_samples=8192)
    card = SimpleNamespace(name="fake", sha256="0" * 64)
    separator.load_named = lambda name: (network, card)
    from vocalsep.cli import main
    main()
""")


def start(*arguments: str, seconds: float = 0.0, **keywords: Any) -> subprocess.Popen[bytes]:
    program = PROGRAM.format(root=str(ROOT), seconds=seconds)
    command = [sys.executable, "-c", program, "separate", *arguments]
    return subprocess.Popen(command, **keywords)


def test_pipe_to_pipe() -> None:
    audio = np.random.default_rng(0).uniform(-0.5, 0.5, (30000, 3)).astype("<f4")
    process = start(
        *("-", "-o", "-", "--stem", "accompaniment", "--rate", "44100", "--channels", "3"),
        *("--format", "raw"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    output, messages = process.communicate(audio.tobytes(), timeout=60)
    assert process.returncode == 0, messages
    found = np.frombuffer(output, "<f4").reshape(-1, 3)
    np.testing.assert_allclose(found, 0.5 * audio, atol=1e-6)


def wait_for_temporary(folder: Path) -> None:
    for _ in range(600):
        if list(folder.rglob(f"{TEMPORARY_PREFIX}*")):
            return
        time.sleep(0.05)
    raise AssertionError("never started to write")


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_leaves_nothing(here: Path, number: signal.Signals) -> None:
    write_song("song.wav", n_samples=20 * 44100)
    process = start("song.wav", seconds=0.2, stderr=subprocess.PIPE)
    wait_for_temporary(here)
    process.send_signal(number)
    _, messages = process.communicate(timeout=30)
    assert process.returncode == 130
    assert messages.decode().count("\n") == 1
    assert b"Traceback" not in messages
    assert listing(here) == ["song.wav"]


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_killed_leaves_no_final_name(here: Path) -> None:
    write_song("song.wav", n_samples=20 * 44100)
    process = start("song.wav", seconds=0.2, stderr=subprocess.PIPE)
    wait_for_temporary(here)
    process.kill()
    process.communicate(timeout=30)
    left = [path.name for path in (here / "separated").rglob("*") if path.is_file()]
    assert left
    assert all(name.startswith(TEMPORARY_PREFIX) for name in left)


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_interrupted_while_the_pipe_stalls() -> None:
    process = start(
        *("-", "-o", "-", "--stem", "vocals", "--rate", "44100", "--format", "raw"),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin
    process.stdin.write(np.zeros(600_000, "<f4").tobytes())  # more than a pipe holds:
    process.stdin.flush()  # it has begun, and now waits for more
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 130
    process.stdin.close()


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_interrupted_while_nobody_reads_the_pipe() -> None:
    write_song("song.wav", n_samples=20 * 44100)
    process = start(
        *("song.wav", "-o", "-", "--stem", "vocals"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout
    assert process.stdout.read(4) == b"RIFF"
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 130
    assert process.stderr
    assert process.stderr.read().count(b"\n") == 1
    process.stdout.close()
    process.stderr.close()


def test_a_reader_that_leaves_is_one_line() -> None:
    write_song("song.wav", n_samples=20 * 44100)
    process = start(
        *("song.wav", "-o", "-", "--stem", "vocals"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout
    process.stdout.read(4)
    process.stdout.close()
    assert process.stderr
    messages = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(timeout=30) == 1
    assert messages.count("\n") == 1, messages
    assert "standard output" in messages
