"""Tell the user what happens: lines and bars on standard error, or JSON events on standard out."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, TextIO

from tqdm import tqdm

from vocalsep.inference.events import FileResult, Progress
from vocalsep.inference.plan import Job


@dataclass(frozen=True)
class Summary:
    """What became of a batch."""

    n_done: int
    n_skipped: int
    n_failed: int
    device: str  # and the reason for it


class Reporter(Protocol):
    """Hears of everything that happens in a batch, in order."""

    def planned(self, job: Job) -> None: ...
    def started(self, job: Job, index: int, n_jobs: int) -> None: ...
    def progress(self, progress: Progress) -> None: ...
    def done(self, result: FileResult) -> None: ...
    def skipped(self, job: Job) -> None: ...
    def warning(self, source: str, text: str) -> None: ...
    def failed(self, source: str, error: Exception) -> None: ...
    def finished(self, summary: Summary) -> None: ...


class JsonReporter:
    """One JSON object per line, each with an "event": nothing else is on that stream.

    planned   source, outputs {stem: path}, length_s, codec, sample_rate, format, notes
    progress  source, done_s, total_s, n_pass
    done      source, outputs, levels {stem: {peak_db, rms_db}}, gain, overs, audio_s, seconds,
              speed (times real time)
    skipped   source, outputs
    warning   source, message
    error     source, type, message
    finished  n_done, n_skipped, n_failed, device
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def planned(self, job: Job) -> None:
        facts = {
            "source": job.info.name,
            "outputs": job.outputs,
            "length_s": job.length_s,
            "codec": job.info.codec,
            "sample_rate": job.info.sample_rate,
            "format": job.stem_format.codec,
            "notes": job.stem_format.notes,
        }
        self._send("planned", facts)

    def started(self, job: Job, index: int, n_jobs: int) -> None:
        """The first progress event says it."""

    def progress(self, progress: Progress) -> None:
        self._send("progress", asdict(progress))

    def done(self, result: FileResult) -> None:
        facts = {**asdict(result), "speed": round(result.speed, 2)}
        del facts["warnings"]  # they have their own events
        self._send("done", facts)

    def skipped(self, job: Job) -> None:
        self._send("skipped", {"source": job.info.name, "outputs": job.outputs})

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
    """One line per song; progress bars only where somebody can see them move."""

    def __init__(self, stream: TextIO, dry_run: bool = False) -> None:
        self._stream = stream
        self._dry_run = dry_run
        self._bar: tqdm[Any] | None = None
        self._batch: tqdm[Any] | None = None
        self._lengths_s: list[float | None] = []

    def planned(self, job: Job) -> None:
        self._lengths_s.append(job.length_s)
        for note in job.stem_format.notes:
            self.warning(job.info.name, note)

    def started(self, job: Job, index: int, n_jobs: int) -> None:
        if self._dry_run:
            length = "?" if job.length_s is None else f"{job.length_s:.1f}"
            for stem, path in job.outputs.items():
                print(f"{job.info.name} ({length} s): {stem} → {path}", file=sys.stdout)
        if self._dry_run or not self._stream.isatty():
            return
        if n_jobs > 1 and self._batch is None and None not in self._lengths_s:
            total_s = sum(length or 0.0 for length in self._lengths_s)
            self._batch = self._new_bar("all songs", total_s, position=1)
        name = Path(job.info.name).stem[:30]
        self._bar = self._new_bar(f"[{index}/{n_jobs}] {name}", job.length_s, position=0)

    def progress(self, progress: Progress) -> None:
        if self._bar is None:
            return
        step_s = progress.done_s - self._bar.n
        if progress.n_pass > 1:
            self._bar.set_postfix_str("again, quieter: it would clip", refresh=False)
        self._bar.update(step_s)
        if self._batch is not None and progress.n_pass == 1:
            self._batch.update(step_s)

    def done(self, result: FileResult) -> None:
        self._close_bar()
        text = (
            f"{result.source}: {result.audio_s:.1f} s in {result.seconds:.1f} s "
            f"({result.speed:.0f} × real time) → {', '.join(map(str, result.outputs.values()))}"
        )
        if result.gain != 1.0:
            text += f"; all stems are {result.gain:.4f} times as loud, else they would clip"
        if result.overs:
            text += f"; {result.overs} samples are beyond full scale"
        self._say(text)

    def skipped(self, job: Job) -> None:
        if self._dry_run:
            print(f"{job.info.name}: up to date, would be skipped", file=sys.stdout)
            return
        if self._batch is not None:
            self._batch.update(job.length_s or 0.0)
        self._say(f"{job.info.name}: up to date, skipped")

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
                f"{summary.n_done} separated, {summary.n_skipped} up to date, "
                f"{summary.n_failed} failed"
            )

    def _new_bar(self, name: str, total_s: float | None, position: int) -> tqdm[Any]:
        clock = "{n:.0f} s" if total_s is None else "{n:.0f}/{total:.0f} s, ETA {remaining}"
        return tqdm(
            total=total_s,
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


def new_reporter(as_json: bool, dry_run: bool = False) -> Reporter:
    """Events on standard output, or text on standard error."""
    return JsonReporter(sys.stdout) if as_json else TextReporter(sys.stderr, dry_run)
