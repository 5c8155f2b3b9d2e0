"""`vocalsep live` in real pipes: latency, load, end of stream, a reader that leaves."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
from click.testing import CliRunner

from tests.helpers.reading import RATE, Samples, music, needs_ffmpeg
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
    separator.load_separator = lambda name: (IdentitySeparator(gain=0.5), card)
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


def click_at_pace(process: subprocess.Popen[bytes]) -> int:
    """Play silence in blocks of 10 ms, and one click 3 s after the network is ready.

    Returns:
        The sample number of the click.
    """
    assert process.stdin and process.stderr
    ready = threading.Event()
    threading.Thread(target=lambda: process.stderr.readline() and ready.set(), daemon=True).start()
    begin, position, click = time.monotonic(), 0, None
    while click is None or position < click + 3 * RATE:
        time.sleep(max(begin + position / RATE - time.monotonic(), 0))
        block = np.zeros((441, 2), "<f4")
        if click is None and ready.is_set():
            click = position + 3 * RATE // 441 * 441
        if click == position:
            block[0] = 0.9
        process.stdin.write(block.tobytes())
        process.stdin.flush()
        position += 441
    process.stdin.close()
    return click


@pytest.mark.slow
@pytest.mark.parametrize("latency", DELAY_S)
def test_an_impulse_at_real_time_pace(latency: str) -> None:
    heard: list[bytes] = []
    with start("--latency", latency) as process:
        assert process.stdout
        listener = threading.Thread(target=lambda: heard.append(process.stdout.read()))
        listener.start()
        click = click_at_pace(process)
        listener.join(timeout=60)
    made = decoded(b"".join(heard))
    (places,) = np.nonzero(np.abs(made[0]) > 0.2)
    assert places[0] - click == pytest.approx(DELAY_S[latency] * RATE, abs=3)


def relay(source: IO[bytes], sink: IO[bytes], way: str) -> None:
    """Pass on what comes, as it comes; or each piece a little late, or with a pause of a second."""
    rng, n_bytes = np.random.default_rng(3), 0
    while data := source.read(1 << 14):
        if way == "jitter":
            time.sleep(rng.uniform(0.0, 0.05))
        if way == "underrun" and n_bytes < 5 * RATE * 8 <= n_bytes + len(data):
            time.sleep(1.0)
        n_bytes += len(data)
        sink.write(data)
        sink.flush()
    sink.close()


@pytest.mark.slow
@needs_ffmpeg
@pytest.mark.parametrize("way", ["plain", "jitter", "underrun"])
def test_between_two_ffmpegs(tmp_path: Path, way: str) -> None:
    song = tmp_path / "song.f32"
    original = music(12 * RATE).astype("<f4")
    song.write_bytes(original.T.tobytes())
    raw, out = ["-f", "f32le", "-ac", "2", "-ar", str(RATE)], tmp_path / "out.f32"
    play = ["ffmpeg", "-v", "error", "-re", *raw, "-i", str(song), *raw, "-"]
    keep = ["ffmpeg", "-v", "error", *raw, "-i", "-", *raw, str(out)]
    with (
        subprocess.Popen(play, stdout=subprocess.PIPE) as player,
        start() as live,
        subprocess.Popen(keep, stdin=live.stdout) as keeper,
    ):
        assert player.stdout and live.stdin and live.stderr
        relay(player.stdout, live.stdin, way)
        *_, finished = told(live.stderr.read())
        keeper.wait(timeout=120)
    assert live.returncode == player.returncode == keeper.returncode == 0
    assert finished["lost"] == 0
    made = decoded(out.read_bytes())
    delay = made.shape[1] - original.shape[1]
    assert delay == pytest.approx(DELAY_S["normal"] * RATE, abs=4)
    last = original[:, -RATE:]
    np.testing.assert_allclose(made[:, -RATE:], 0.5 * last, atol=1e-4)


@pytest.mark.slow
def test_a_reader_that_leaves_is_one_line() -> None:
    with start() as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdout.close()
        block = np.zeros((4410, 2), "<f4").tobytes()
        with pytest.raises(BrokenPipeError):
            for _ in range(600):
                process.stdin.write(block)
                process.stdin.flush()
                time.sleep(0.02)
        assert process.wait(timeout=60) == 1
        last = told(process.stderr.read())[-1]
        with suppress(BrokenPipeError):
            process.stdin.close()
    assert last["event"] == "error"
    assert "standard output" in last["message"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_stopped_while_nothing_plays() -> None:
    with start() as process:
        assert process.stderr
        json.loads(process.stderr.readline())  # ready
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        assert [each["event"] for each in told(process.stderr.read())] == ["finished", "error"]


def test_unknown_options_are_refused() -> None:
    for arguments in (["--latency", "none"], ["--pcm", "mp3"], ["--rate", "5"]):
        assert CliRunner().invoke(cli, ["live", *arguments]).exit_code == 2
