"""`vocalsep separate`: plan everything, then separate song by song, whatever happens to one."""

from __future__ import annotations

from dataclasses import dataclass

from vocalsep.inference.cancel import CancelToken
from vocalsep.inference.events import FileResult, ProgressCallback
from vocalsep.inference.files import FileSeparation, Model, wanted_entry
from vocalsep.inference.manifest import is_up_to_date
from vocalsep.inference.options import BatchOptions
from vocalsep.inference.plan import Job, Plan, plan_files
from vocalsep.inference.plan_pipes import check_pipe_options, plan_pipes, uses_pipes
from vocalsep.inference.report import new_reporter
from vocalsep.inference.separator import Separator
from vocalsep.inference.session import Programme, run_session
from vocalsep.inference.sources import find_sources


def run_batch(options: BatchOptions) -> int:
    """Separate all inputs and report; returns the exit code, see `session.run_session`."""

    def plan(cancel: CancelToken) -> Programme:
        run = options.run
        separator = Separator.from_pretrained(
            options.model, run.device, run.quality, run.threads, run.wiener
        )
        found = _plan(options, separator, cancel)
        works = [_Separation(job, separator.model) for job in found.jobs]
        return Programme(works, found.failures, options.skip_existing, str(separator.device))

    reporter = new_reporter(options.json, options.dry_run)
    return run_session(reporter, plan, options.dry_run)


def _plan(options: BatchOptions, separator: Separator, cancel: CancelToken) -> Plan:
    check_pipe_options(options)
    if uses_pipes(options):
        return plan_pipes(options, separator.names, cancel)
    sources, failures = find_sources(options.inputs, options.recursive, options.output_dir)
    plan = plan_files(sources, options.output_dir, options.file, separator.names)
    return Plan(plan.jobs, failures + plan.failures)


@dataclass(frozen=True)
class _Separation:
    """One song to take apart."""

    job: Job
    model: Model

    def is_up_to_date(self) -> bool:
        wanted = wanted_entry(self.job, self.model)
        manifest = self.job.manifest
        return bool(wanted and manifest and is_up_to_date(manifest, wanted))

    def run(self, progress: ProgressCallback, cancel: CancelToken) -> FileResult:
        return FileSeparation(self.job, self.model, progress, cancel).run()
