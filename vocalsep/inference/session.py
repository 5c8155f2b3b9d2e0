"""What every command that works through a list of files shares: order, signals, counting, codes."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Protocol

from vocalsep.errors import Cancelled, VocalsepError
from vocalsep.inference.cancel import CancelToken
from vocalsep.inference.events import Outcome, Planned, StepCallback
from vocalsep.inference.report import Reporter, Summary
from vocalsep.inference.sources import Failure

DONE, SOME_FAILED, NOTHING_STARTED = 0, 1, 2
INTERRUPTED = 130  # as shells report a program that Ctrl-C ended


class Work(Protocol):
    """One song or picture that is planned: its outputs are decided, nothing is written yet."""

    @property
    def job(self) -> Planned:
        """What is read and written."""

    def is_up_to_date(self) -> bool:
        """Whether all is there already, made from the same input in the same way.

        Raises:
            VocalsepError: the source cannot be read any more.
        """

    def run(self, progress: StepCallback, cancel: CancelToken) -> Outcome:
        """Do it.

        Raises:
            VocalsepError: whatever goes wrong with it; nothing half-written is left.
        """


@dataclass(frozen=True)
class Programme:
    """What a session has to do.

    Attributes:
        works: in this order.
        failures: sources that cannot be a work, and why.
        skip_existing: leave out what is up to date.
        device: where the network runs, for the summary.
    """

    works: Sequence[Work]
    failures: list[Failure]
    skip_existing: bool
    device: str


def run_session(reporter: Reporter, plan: Callable[[CancelToken], Programme], dry_run: bool) -> int:
    """Plan everything, do it, report; returns the exit code of the command.

    0 all done, 1 some failed, 2 nothing could start (model, options, plan, no readable input),
    130 interrupted. What is done by then stays.

    Args:
        plan: loads the model and decides what is to be done; whatever VocalsepError it raises
            means that nothing could start.
    """
    cancel = CancelToken()
    with cancel_on_signals(cancel), log_to(reporter):
        try:
            programme = plan(cancel)
        except Cancelled as error:
            reporter.failed("", error)
            return INTERRUPTED
        except VocalsepError as error:
            reporter.failed("", error)
            return NOTHING_STARTED
        session = Session(reporter, cancel, programme.device)
        return session.run(programme.works, programme.failures, programme.skip_existing, dry_run)


class Session:
    """Does one work after another, whatever happens to one, and tells the reporter.

    Args:
        reporter: hears of everything.
        cancel: looked at before every work and inside each.
        device: where the network runs, for the summary.
    """

    def __init__(self, reporter: Reporter, cancel: CancelToken, device: str) -> None:
        self._reporter = reporter
        self._cancel = cancel
        self._device = device
        self._n_done = self._n_skipped = self._n_failed = 0

    def run(
        self, works: Sequence[Work], failures: list[Failure], skip_existing: bool, dry_run: bool
    ) -> int:
        """Report the plan, do it unless it is a dry run, and return the exit code."""
        for work in works:
            self._reporter.planned(work.job)
        for failure in failures:
            self._fail(failure.source, failure.error)
        code = self._run_all(works, skip_existing, dry_run)
        summary = Summary(self._n_done, self._n_skipped, self._n_failed, self._device)
        self._reporter.finished(summary)
        if code is not None:
            return code
        if not works:
            return NOTHING_STARTED
        return SOME_FAILED if self._n_failed else DONE

    def _run_all(self, works: Sequence[Work], skip_existing: bool, dry_run: bool) -> int | None:
        """Returns the exit code if it is not a matter of counting."""
        for index, work in enumerate(works, start=1):
            name = work.job.name
            try:
                self._cancel.check()
                if skip_existing and work.is_up_to_date():
                    self._n_skipped += 1
                    self._reporter.skipped(work.job)
                    continue
                self._reporter.started(work.job, index, len(works))
                if not dry_run:
                    self._done(work.run(self._reporter.progress, self._cancel))
            except Cancelled as error:
                self._fail(name, error)
                return INTERRUPTED
            except VocalsepError as error:
                self._fail(name, error)
        return None

    def _done(self, result: Outcome) -> None:
        for text in result.warnings:
            self._reporter.warning(result.source, text)
        self._n_done += 1
        self._reporter.done(result)

    def _fail(self, source: str, error: VocalsepError) -> None:
        self._n_failed += 1
        self._reporter.failed(source, error)


@contextmanager
def cancel_on_signals(cancel: CancelToken) -> Iterator[None]:
    """Ctrl-C and SIGTERM set the token; a second Ctrl-C ends the program at once."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers
        return

    def stop(number: int, frame: FrameType | None) -> None:
        cancel.cancel()
        signal.signal(number, before[signal.Signals(number)])

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) or signal.SIG_DFL for number in numbers}
    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _LogHandler(logging.Handler):
    def __init__(self, reporter: Reporter) -> None:
        super().__init__(logging.WARNING)
        self._reporter = reporter

    def emit(self, record: logging.LogRecord) -> None:
        self._reporter.warning("", record.getMessage())


@contextmanager
def log_to(reporter: Reporter) -> Iterator[None]:
    """Send what the engine logs (memory running out) to the reporter."""
    logger = logging.getLogger("vocalsep")
    handler = _LogHandler(reporter)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
