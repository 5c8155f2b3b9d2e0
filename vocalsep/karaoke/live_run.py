"""`vocalsep live` around its stream: options in, latency and load out.

Nothing heavy is imported before the stream runs: it reads from the first moment, and the network
is loaded beside it.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

from vocalsep.errors import Cancelled, VocalsepError
from vocalsep.inference.cancel import CancelToken
from vocalsep.inference.options import RunOptions
from vocalsep.inference.pipes import standard_input, standard_output
from vocalsep.inference.session import (
    DONE,
    INTERRUPTED,
    NOTHING_STARTED,
    SOME_FAILED,
    cancel_on_signals,
)
from vocalsep.karaoke.live import LiveReport, LiveStream, Mix, Pcm
from vocalsep.karaoke.sliding import Estimate, HopGeometry, find_latency

_STATUS_S = 10.0


@dataclass(frozen=True)
class LiveOptions:
    """Everything `vocalsep live` is told."""

    pcm: Pcm
    mix: Mix
    latency: str
    model: str
    run: RunOptions
    json: bool


def run_live(options: LiveOptions) -> int:
    """Run until standard input ends; returns the exit code."""
    cancel = CancelToken()
    geometry = HopGeometry.at(find_latency(options.latency), options.pcm.sample_rate)
    stream = LiveStream(options.pcm, geometry, options.mix)
    say = _Listener(stream, options.json)
    with cancel_on_signals(cancel):
        try:
            source, sink = standard_input(cancel), standard_output(cancel)
        except VocalsepError as error:
            return say.failed(error, NOTHING_STARTED)
        try:
            stream.run(source, sink, lambda: load_estimate(options), say)
        except Cancelled as error:
            say.finished()
            return say.failed(error, INTERRUPTED)
        except BrokenPipeError:
            gone = VocalsepError("standard output: the program that reads the pipe has ended")
            return say.failed(gone, SOME_FAILED)
        except VocalsepError as error:
            return say.failed(error, SOME_FAILED)
    say.finished()
    return DONE


def load_estimate(options: LiveOptions) -> Estimate:
    """The voice of a window as the model hears it.

    Raises:
        ModelError, DeviceError: see `Separator.from_pretrained`.
    """
    from vocalsep.inference.separator import Separator
    from vocalsep.karaoke.voice import voice_estimate

    run = options.run
    # A hop is short: several threads wait for each other longer than they help as soon as other
    # programs run (measured on two busy cores: hops of 0.8 s instead of 0.06 s).
    separator = Separator.from_pretrained(options.model, run.device, run.quality, run.threads or 1)
    return voice_estimate(separator, options.pcm.sample_rate)


class _Listener:
    """Tells of the run on standard error: text, or JSON events.

    ready     delay_samples, delay_s
    status    load (computing time over real time), n_hops, n_dropped, late, lost
    finished  the same
    error     type, message
    """

    def __init__(self, stream: LiveStream, as_json: bool) -> None:
        self._stream = stream
        self._as_json = as_json
        self._told_s = time.monotonic()

    def ready(self) -> None:
        delay = self._stream.geometry.delay
        delay_s = delay / self._stream.pcm.sample_rate
        self._say(
            "ready",
            {"delay_samples": delay, "delay_s": round(delay_s, 4)},
            f"ready: everything comes out {delay_s:.3f} s ({delay} samples) later",
        )

    def hop(self, report: LiveReport) -> None:
        if time.monotonic() - self._told_s >= _STATUS_S:
            self._told_s = time.monotonic()
            self._report("status", report)

    def finished(self) -> None:
        self._report("finished", self._stream.report)

    def failed(self, error: VocalsepError, code: int) -> int:
        facts = {"type": type(error).__name__, "message": str(error)}
        self._say("error", facts, f"vocalsep: {error}")
        return code

    def _report(self, event: str, report: LiveReport) -> None:
        pcm, geometry = self._stream.pcm, self._stream.geometry
        hop_s = geometry.hop / pcm.sample_rate
        load = report.busy_s / max(report.n_hops * hop_s, 1e-9)
        worst = report.slowest_s / hop_s
        text = f"load {100 * load:.0f} % (slowest {100 * worst:.0f} %)"
        if report.n_dropped or report.late:
            late_s = report.late / pcm.sample_rate
            text += f"; too slow: {report.n_dropped} hops dropped, {late_s:.2f} s kept the voice"
        if report.lost:
            text += f"; {report.lost / pcm.sample_rate:.2f} s were not taken in time and are lost"
        facts = {"load": round(load, 4), "worst": round(worst, 4), **asdict(report)}
        self._say(event, facts, text)

    def _say(self, event: str, facts: dict[str, Any], text: str) -> None:
        line = json.dumps({"event": event, **facts}) if self._as_json else text
        print(line, file=sys.stderr, flush=True)
