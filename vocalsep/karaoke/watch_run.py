"""`vocalsep watch` around its watch: options in, reports out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vocalsep.errors import VocalsepError
from vocalsep.inference.cancel import CancelToken
from vocalsep.inference.options import RunOptions
from vocalsep.inference.report import new_reporter
from vocalsep.inference.separator import Separator
from vocalsep.inference.session import (
    DONE,
    INTERRUPTED,
    NOTHING_STARTED,
    cancel_on_signals,
    log_to,
)
from vocalsep.karaoke.layouts import LAYOUTS
from vocalsep.karaoke.watch import Watch


@dataclass(frozen=True)
class WatchOptions:
    """Everything `vocalsep watch` is told.

    Attributes:
        folder: where songs appear.
        layout: a name of `LAYOUTS`.
        model: name or path.
        settle_s, every_s: how long a file must rest, and how often to look (s).
        once: stop when nothing is left to do.
        json: report as JSON events.
        run: how the network runs.
    """

    folder: Path
    layout: str
    model: str
    settle_s: float
    every_s: float
    once: bool
    json: bool
    run: RunOptions


def run_watch(options: WatchOptions) -> int:
    """Watch until a signal comes; returns the exit code."""
    reporter = new_reporter(options.json)
    cancel = CancelToken()
    run = options.run
    with cancel_on_signals(cancel), log_to(reporter):
        try:
            separator = Separator.from_pretrained(
                options.model, run.device, run.quality, run.threads
            )
            layout = LAYOUTS.get(options.layout)()
            watch = Watch(options.folder, layout, separator, options.settle_s)
        except VocalsepError as error:
            reporter.failed("", error)
            return NOTHING_STARTED
        try:
            watch.run(reporter, cancel, options.every_s, options.once)
        finally:
            watch.close()
    return INTERRUPTED if cancel.is_cancelled else DONE
