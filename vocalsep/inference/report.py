"""Tell the user what happens: lines and bars on standard error, or JSON events on standard out."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, TextIO

from tqdm import tqdm

from vocalsep.inference.events import Outcome, Planned, Step


@dataclass(frozen=True)
class Summary:
    """What became of a batch."""

    n_done: int
    n_skipped: int
    n_failed: int
    device: str  # and the reason for it


@dataclass(frozen=True)
class Words:
    """How texts call what a session works on.

    Attributes:
        things: what the works are.
        done: what becomes of them.
        unit: of their lengths.
    """

    things: str
    done: str
    unit: str


SONGS = Words("songs", "separated", "s")


class Reporter(Protocol):
    """Hears of everything that happens in a batch, in order."""

    def planned(self, job: Planned) -> None: ...
    def started(self, job: Planned, index: int, n_jobs: int) -> None: ...
    def progress(self, progress: Step) -> None: ...
    def done(self, result: Outcome) -> None: ...
    def skipped(self, job: Planned) -> None: ...
    def warning(self, source: str, text: str) -> None: ...
    def failed(self, source: str, error: Exception) -> None: ...
    def finished(self, summary: Summary) -> None: ...


class JsonReporter:
    """One JSON object per line, each with an "event": nothing else is on that stream.

    planned   source, outputs {stem: path}, and of
                songs: length_s, codec, sample_rate, format, notes
                pictures: shape
    progress  source, and of songs: done_s, total_s, n_pass; of pictures: done, total (lines)
    done      source, outputs, seconds, and of
                songs: levels {stem: {peak_db, rms_db}}, gain, overs, audio_s, speed (times real
                time)
                pictures: shares {class: part of the pixels}
    skipped   source, outputs
    warning   source, message
    error     source, type, message
    finished  n_done, n_skipped, n_failed, device
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def planned(self, job: Planned) -> None:
        facts = {"source": job.name, "outputs": dict(job.outputs), **job.facts()}
        self._send("planned", facts)

    def started(self, job: Planned, index: int, n_jobs: int) -> None:
        """The first progress event says it."""

    def progress(self, progress: Step) -> None:
        self._send("progress", progress.facts())

    def done(self, result: Outcome) -> None:
        self._send("done", result.facts())

    def skipped(self, job: Planned) -> None:
        self._send("skipped", {"source": job.name, "outputs": dict(job.outputs)})

    def warning(self, source: str, text: str) -> None:
        self._send("warning", {"source": source, "message": text})

    def failed(self, source: str, error: Exception) -> None:
        facts = {"source": source, "type": type(error).__name__, "message": str(error)}
        self._send("error", facts)

    def finished(self, summary: Summary) -> None:
        self._send("finished", asdict(summary))

    def _send(self, event: str, facts: dict[str, Any]) -> None:
        line = json.dumps({"event": event, **facts}, default=_plain, allow_nan=False)
        print(line, file=self._stream, flush=True)


def _plain(value: object) -> str:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"cannot send {type(value).__name__}")


class TextReporter:
    """One line per work; progress bars only where somebody can see them move."""

    def __init__(self, stream: TextIO, dry_run: bool = False, words: Words = SONGS) -> None:
        self._stream = stream
        self._dry_run = dry_run
        self._words = words
        self._bar: tqdm[Any] | None = None
        self._batch: tqdm[Any] | None = None
        self._lengths: list[float | None] = []

    def planned(self, job: Planned) -> None:
        self._lengths.append(job.length)
        for note in job.notes:
            self.warning(job.name, note)

    def started(self, job: Planned, index: int, n_jobs: int) -> None:
        if self._dry_run:
            for stem, path in job.outputs.items():
                print(f"{job.name} ({job.size}): {stem} → {path}", file=sys.stdout)
        if self._dry_run or not self._stream.isatty():
            return
        if n_jobs > 1 and self._batch is None and None not in self._lengths:
            total = sum(length or 0.0 for length in self._lengths)
            self._batch = self._new_bar(f"all {self._words.things}", total, position=1)
        name = Path(job.name).stem[:30]
        self._bar = self._new_bar(f"[{index}/{n_jobs}] {name}", job.length, position=0)

    def progress(self, progress: Step) -> None:
        if self._bar is None:
            return
        step = progress.done - self._bar.n
        if progress.remark:
            self._bar.set_postfix_str(progress.remark, refresh=False)
        self._bar.update(step)
        if self._batch is not None and not progress.remark:
            self._batch.update(step)

    def done(self, result: Outcome) -> None:
        self._close_bar()
        self._say(result.line())

    def skipped(self, job: Planned) -> None:
        if self._dry_run:
            print(f"{job.name}: up to date, would be skipped", file=sys.stdout)
            return
        if self._batch is not None:
            self._batch.update(job.length or 0.0)
        self._say(f"{job.name}: up to date, skipped")

    def warning(self, source: str, text: str) -> None:
        self._say(f"warning: {source}: {text}" if source else f"warning: {text}")

    def failed(self, source: str, error: Exception) -> None:
        self._close_bar()
        self._say(f"vocalsep: {error}")

    def finished(self, summary: Summary) -> None:
        self._close_bar()
        if self._batch is not None:
            self._batch.close()
        total = summary.n_done + summary.n_skipped + summary.n_failed
        if total > 1:
            self._say(
                f"{summary.n_done} {self._words.done}, {summary.n_skipped} up to date, "
                f"{summary.n_failed} failed"
            )

    def _new_bar(self, name: str, total: float | None, position: int) -> tqdm[Any]:
        unit = self._words.unit
        clock = f"{{n:.0f}} {unit}"
        if total is not None:
            clock = f"{{n:.0f}}/{{total:.0f}} {unit}, ETA {{remaining}}"
        return tqdm(
            total=total,
            desc=name,
            position=position,
            leave=False,
            mininterval=0,  # updates come once per chunk, which is rare enough
            file=self._stream,
            bar_format="{desc} {bar:20} " + clock + " {postfix}",
        )

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _say(self, text: str) -> None:
        with tqdm.external_write_mode(file=self._stream):
            print(text, file=self._stream, flush=True)


def new_reporter(as_json: bool, dry_run: bool = False, words: Words = SONGS) -> Reporter:
    """Events on standard output, or text on standard error."""
    return JsonReporter(sys.stdout) if as_json else TextReporter(sys.stderr, dry_run, words)
