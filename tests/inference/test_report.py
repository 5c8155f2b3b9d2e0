"""What the user sees: bars only on a terminal, one line per song, JSON that any parser reads."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from vocalsep.audio.formats import plan_format
from vocalsep.errors import UnreadableAudio
from vocalsep.inference.events import FileResult, Progress
from vocalsep.inference.levels import Level
from vocalsep.inference.options import FileOptions
from vocalsep.inference.plan import Job
from vocalsep.inference.report import JsonReporter, Reporter, Summary, TextReporter
from vocalsep.types import AudioInfo

INFO = AudioInfo("album/歌.wav", 44100, 2, 441000, "pcm_s16le", "wav", bit_depth=16)
OUTPUTS = {"vocals": Path("out/歌/vocals.wav")}
JOB = Job(INFO, plan_format(INFO), OUTPUTS, FileOptions(), Path(INFO.name), length_s=10.0)
RESULT = FileResult(
    source=INFO.name,
    outputs=OUTPUTS,
    levels={"vocals": Level(-1.0, None)},
    gain=0.5,
    overs=3,
    audio_s=10.0,
    seconds=0.1,
    warnings=(),
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def play(reporter: Reporter) -> None:
    """A batch of two songs, the second of which fails."""
    reporter.planned(JOB)
    reporter.planned(JOB)
    reporter.started(JOB, 1, 2)
    for done_s in (2.0, 7.0, 10.0):
        reporter.progress(Progress(INFO.name, done_s, 10.0, 1))
    reporter.progress(Progress(INFO.name, 5.0, 10.0, 2))
    reporter.done(RESULT)
    reporter.started(JOB, 2, 2)
    reporter.failed(INFO.name, UnreadableAudio("no"))
    reporter.finished(Summary(1, 0, 1, "cpu: asked for"))


def test_lines_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    play(TextReporter(stream))
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("album/歌.wav: 10.0 s in 0.1 s (100 × real time) → out")
    assert "0.5000 times" in lines[0]
    assert "3 samples" in lines[0]
    assert lines[1:] == ["vocalsep: no", "1 separated, 0 up to date, 1 failed"]
    assert capsys.readouterr() == ("", "")


def test_bars_on_a_terminal() -> None:
    stream = Terminal()
    play(TextReporter(stream))
    text = stream.getvalue()
    assert "[1/2] 歌" in text
    assert "7/10 s" in text
    assert "10/20 s" in text
    assert "all songs" in text
    assert "ETA" in text
    assert "would clip" in text


def test_json_lines_parse_and_hold_plain_values() -> None:
    stream = io.StringIO()
    play(JsonReporter(stream))
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    kinds = [event["event"] for event in events]
    assert kinds == ["planned"] * 2 + ["progress"] * 4 + ["done", "error", "finished"]
    done = events[6]
    assert done["levels"] == {"vocals": {"peak_db": -1.0, "rms_db": None}}
    assert done["gain"] == 0.5
    assert done["speed"] == 100.0
    assert events[7] == {
        "event": "error",
        "source": "album/歌.wav",
        "type": "UnreadableAudio",
        "message": "no",
    }
    assert stream.getvalue().isascii()  # whatever the terminal's encoding


def test_dry_run_prints_the_plan_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = TextReporter(io.StringIO(), dry_run=True)
    reporter.planned(JOB)
    reporter.started(JOB, 1, 2)
    reporter.skipped(JOB)
    expected = (
        f"album/歌.wav (10.0 s): vocals → {OUTPUTS['vocals']}\n"
        "album/歌.wav: up to date, would be skipped\n"
    )
    assert capsys.readouterr().out == expected


def test_notes_of_the_format_are_told() -> None:
    stream = io.StringIO()
    notes_job = Job(INFO, plan_format(INFO, "opus"), OUTPUTS, FileOptions(), Path("x"))
    TextReporter(stream).planned(notes_job)
    assert "48000 Hz" in stream.getvalue()
