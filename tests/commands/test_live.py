"""`vocalsep live` in real pipes: latency, load, end of stream, a reader that leaves."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from tests.helpers.reading import RATE, Samples, lag, music, needs_ffmpeg
from vocalsep.cli import cli

DELAY_S = {"normal": 1.45, "low": 0.28}

#: The command around a network that calls half of everything voice.
PROGRAM = textwrap.dedent(
    """
    import sys
    from types import SimpleNamespace
    from vocalsep.inference import separator
    from vocalsep.models.identity import IdentitySeparator
    from vocalsep.cli import main
    card = SimpleNamespace(name="fake", sha256="f" * 64)
    separator.load_named = lambda name: (IdentitySeparator(gain=0.5), card)
    sys.argv = ["vocalsep", "live", "--json", *sys.argv[1:]]
    main()
    """
)


def start(*arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", PROGRAM, *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)


def told(messages: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in messages.splitlines()]


def decoded(data: bytes) -> Samples:
    return np.frombuffer(data, "<f4").reshape(-1, 2).T


@pytest.mark.slow
@pytest.mark.parametrize("latency", DELAY_S)
def test_all_comes_out_later_by_what_is_said(latency: str) -> None:
    audio = music(3 * RATE).astype("<f4")
    process = start("--latency", latency)
    out, messages = process.communicate(audio.T.tobytes(), timeout=120)
    assert process.returncode == 0
    ready, *_, finished = told(messages)
    assert ready["event"] == "ready"
    assert ready["delay_s"] == pytest.approx(DELAY_S[latency], abs=0.001)
    assert finished["event"] == "finished"
    made = decoded(out)
    assert made.shape[1] == audio.shape[1] + ready["delay_samples"] - finished["lost"]


@pytest.mark.slow
@pytest.mark.parametrize("latency", DELAY_S)
def test_an_impulse_at_real_time_pace(latency: str) -> None:
    """A click that goes in after "ready" comes out after the stated delay, by the clock too."""
    process = start("--latency", latency)
    assert process.stdin and process.stdout and process.stderr
    ready = threading.Event()
    arrivals: list[tuple[float, int]] = []

    def listen() -> None:
        json.loads(process.stderr.readline())
        ready.set()
        process.stderr.read()

    def hear() -> None:
        position = 0
        while data := process.stdout.read1(1 << 16):
            block = np.frombuffer(data[: len(data) // 8 * 8], "<f4").reshape(-1, 2)
            for at in np.flatnonzero(block[:, 0] > 0.2):
                arrivals.append((time.monotonic(), position + int(at)))
            position += len(block)

    threads = [threading.Thread(target=work, daemon=True) for work in (listen, hear)]
    for thread in threads:
        thread.start()
    block = np.zeros((441, 2), "<f4")
    begin, position, clicked = time.monotonic(), 0, (0.0, 0)
    settled = None
    while position < 60 * RATE:
        time.sleep(max(begin + position / RATE - time.monotonic(), 0))
        block[:] = 0.0
        if ready.is_set() and settled is None:
            settled = position + 3 * RATE
        if settled is not None and settled <= position < settled + 441:
            block[100] = 0.9
            clicked = (time.monotonic(), position + 100)
        process.stdin.write(block.tobytes())
        process.stdin.flush()
        position += 441
        if clicked[1] and position > clicked[1] + 2.5 * RATE:
            break
    process.stdin.close()
    process.wait(timeout=60)
    for thread in threads:
        thread.join(timeout=10)
    heard_s, heard_at = arrivals[0]
    assert heard_at - clicked[1] == pytest.approx(DELAY_S[latency] * RATE, abs=3)
    assert heard_s - clicked[0] == pytest.approx(DELAY_S[latency], abs=0.2)


@pytest.mark.slow
@needs_ffmpeg
def test_between_two_ffmpegs(tmp_path: Path) -> None:
    song = tmp_path / "song.f32"
    song.write_bytes(music(12 * RATE).T.astype("<f4").tobytes())
    raw = ["-f", "f32le", "-ac", "2", "-ar", str(RATE)]
    player = subprocess.Popen(
        ["ffmpeg", "-v", "error", "-re", *raw, "-i", song, *raw, "-"], stdout=subprocess.PIPE
    )
    live = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=player.stdout, stdout=subprocess.PIPE
    )
    assert player.stdout and live.stdout
    player.stdout.close()
    out = tmp_path / "out.f32"
    subprocess.run(
        ["ffmpeg", "-v", "error", *raw, "-i", "-", *raw, str(out)],
        stdin=live.stdout,
        check=True,
        timeout=120,
    )
    live.stdout.close()
    assert live.wait(timeout=30) == player.wait(timeout=30) == 0
    made, original = decoded(out.read_bytes()), music(12 * RATE)
    assert lag(made, original) == int(1.45 * RATE) - 2  # four times rounded down
    last = slice(-2 * RATE, None)
    np.testing.assert_allclose(made[:, last], 0.5 * original[:, last], atol=1e-4)


@pytest.mark.slow
def test_a_reader_that_leaves_is_one_line() -> None:
    process = start()
    assert process.stdin and process.stdout and process.stderr
    process.stdout.close()
    block = np.zeros((4410, 2), "<f4").tobytes()
    with pytest.raises(BrokenPipeError):
        for _ in range(600):
            process.stdin.write(block)
            process.stdin.flush()
            time.sleep(0.02)
    assert process.wait(timeout=30) == 1
    last = told(process.stderr.read())[-1]
    assert last["event"] == "error"
    assert "standard output" in last["message"]
    process.stderr.close()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_stopped_while_nothing_plays() -> None:
    process = start()
    assert process.stdin and process.stdout and process.stderr
    json.loads(process.stderr.readline())  # ready
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 130
    assert [each["event"] for each in told(process.stderr.read())] == ["finished", "error"]
    for stream in (process.stdin, process.stdout, process.stderr):
        stream.close()


def test_unknown_options_are_refused() -> None:
    for arguments in (["--latency", "none"], ["--pcm", "mp3"], ["--rate", "5"]):
        assert CliRunner().invoke(cli, ["live", *arguments]).exit_code == 2
