"""`vocalsep separate`: plan everything, then separate song by song, whatever happens to one."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from vocalsep.errors import Cancelled, VocalsepError
from vocalsep.inference.cancel import CancelToken
from vocalsep.inference.files import FileSeparation, wanted_entry
from vocalsep.inference.manifest import is_up_to_date
from vocalsep.inference.options import BatchOptions
from vocalsep.inference.plan import Job, Plan, plan_files
from vocalsep.inference.plan_pipes import check_pipe_options, plan_pipes, uses_pipes
from vocalsep.inference.report import JsonReporter, Reporter, Summary, TextReporter
from vocalsep.inference.separator import Separator
from vocalsep.inference.sources import find_sources

DONE, SOME_FAILED, NOTHING_STARTED = 0, 1, 2
INTERRUPTED = 130  # as shells report a program that Ctrl-C ended


def run_batch(options: BatchOptions) -> int:
    """Separate all inputs and report; returns the exit code of the command.

    0 all done, 1 some failed, 2 nothing could start (model, options, plan, no readable input),
    130 interrupted. Songs that are done by then stay.
    """
    reporter: Reporter = (
        JsonReporter(sys.stdout) if options.json else TextReporter(sys.stderr, options.dry_run)
    )
    cancel = CancelToken()
    with _signals(cancel), _log_to(reporter):
        try:
            separator = Separator.from_pretrained(
                options.model, options.run.device, options.run.quality, options.run.threads
            )
            plan = _plan(options, separator, cancel)
        except Cancelled as error:
            reporter.failed("", error)
            return INTERRUPTED
        except VocalsepError as error:
            reporter.failed("", error)
            return NOTHING_STARTED
        return _Batch(options, separator, reporter, cancel).run(plan)


def _plan(options: BatchOptions, separator: Separator, cancel: CancelToken) -> Plan:
    check_pipe_options(options)
    if uses_pipes(options):
        return plan_pipes(options, separator.names, cancel)
    sources, failures = find_sources(options.inputs, options.recursive, options.output_dir)
    plan = plan_files(sources, options.output_dir, options.file, separator.names)
    return Plan(plan.jobs, failures + plan.failures)


class _Batch:
    """The jobs of one command."""

    def __init__(
        self, options: BatchOptions, separator: Separator, reporter: Reporter, cancel: CancelToken
    ) -> None:
        self._options = options
        self._separator = separator
        self._reporter = reporter
        self._cancel = cancel
        self._n_done = self._n_skipped = self._n_failed = 0

    def run(self, plan: Plan) -> int:
        for job in plan.jobs:
            self._reporter.planned(job)
        for failure in plan.failures:
            self._fail(failure.source, failure.error)
        code = None if self._options.dry_run else self._separate_all(plan.jobs)
        device = str(self._separator.device)
        self._reporter.finished(Summary(self._n_done, self._n_skipped, self._n_failed, device))
        if code is not None:
            return code
        if not plan.jobs:
            return NOTHING_STARTED
        return SOME_FAILED if self._n_failed else DONE

    def _separate_all(self, jobs: list[Job]) -> int | None:
        """Returns the exit code if it is not a matter of counting."""
        for index, job in enumerate(jobs, start=1):
            try:
                self._cancel.check()
                self._separate(job, index, len(jobs))
            except Cancelled as error:
                self._fail(job.info.name, error)
                return INTERRUPTED
            except VocalsepError as error:
                self._fail(job.info.name, error)
        return None

    def _separate(self, job: Job, index: int, n_jobs: int) -> None:
        model = self._separator.model
        if self._options.skip_existing and job.manifest:
            wanted = wanted_entry(job, model)
            if wanted and is_up_to_date(job.manifest, wanted):
                self._n_skipped += 1
                self._reporter.skipped(job)
                return
        self._reporter.started(job, index, n_jobs)
        result = FileSeparation(job, model, self._reporter.progress, self._cancel).run()
        for text in result.warnings:
            self._reporter.warning(job.info.name, text)
        self._n_done += 1
        self._reporter.done(result)

    def _fail(self, source: str, error: VocalsepError) -> None:
        self._n_failed += 1
        self._reporter.failed(source, error)


@contextmanager
def _signals(cancel: CancelToken) -> Iterator[None]:
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
def _log_to(reporter: Reporter) -> Iterator[None]:
    """Send what the engine logs (memory running out) to the reporter."""
    logger = logging.getLogger("vocalsep")
    handler = _LogHandler(reporter)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
