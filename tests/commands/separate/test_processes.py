"""`vocalsep separate` as a real process: pipes and signals."""

from __future__ import annotations

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

from tests.helpers.separating import STEMS, listing, separate, write_song
from vocalsep.audio.unfinished import TEMPORARY_PREFIX

ROOT = Path(__file__).parents[3]

PATIENCE_S = 180.0  # importing torch takes long on a busy machine

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
    separator.load_separator = lambda name: (network, card)
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
    output, messages = process.communicate(audio.tobytes(), timeout=PATIENCE_S)
    assert process.returncode == 0, messages
    found = np.frombuffer(output, "<f4").reshape(-1, 3)
    np.testing.assert_allclose(found, 0.5 * audio, atol=1e-6)


def wait_for_temporary(folder: Path, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not list(folder.rglob(f"{TEMPORARY_PREFIX}*.wav")):
        assert process.poll() is None and time.monotonic() < end, "never seen writing"
        time.sleep(0.02)


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_interrupted_leaves_nothing(here: Path) -> None:
    write_song("song.wav", n_samples=100 * 44100)
    processes = {
        number: start("song.wav", "-o", number.name, seconds=0.2, stderr=subprocess.PIPE)
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    for number, process in processes.items():
        wait_for_temporary(here / number.name, process)
        process.send_signal(number)
    for process in processes.values():
        _, messages = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 130
        assert messages.decode().count("\n") == 1
        assert b"Traceback" not in messages
    assert listing(here) == ["song.wav"]


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_killed_leaves_no_final_name_and_the_next_run_cleans_up(here: Path) -> None:
    write_song("song.wav", n_samples=20 * 44100)
    process = start("song.wav", seconds=0.2, stderr=subprocess.PIPE)
    wait_for_temporary(here, process)
    process.kill()
    process.communicate(timeout=PATIENCE_S)
    left = [path.name for path in (here / "separated").rglob("*") if path.is_file()]
    assert left
    assert all(name.startswith(TEMPORARY_PREFIX) for name in left)
    assert separate("song.wav").exit_code == 0
    assert listing("separated/song") == STEMS


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
    assert process.wait(timeout=PATIENCE_S) == 130
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
    assert process.wait(timeout=PATIENCE_S) == 130
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
    assert process.wait(timeout=PATIENCE_S) == 1
    assert messages.count("\n") == 1, messages
    assert "standard output" in messages
