"""`vocalsep karaoke`: plan everything, then make product by product."""

from __future__ import annotations

from vocalsep.inference.cancel import CancelToken
from vocalsep.inference.report import new_reporter
from vocalsep.inference.separator import Separator
from vocalsep.inference.session import Programme, run_session
from vocalsep.karaoke.options import KaraokeOptions
from vocalsep.karaoke.plan import plan_karaoke


def run_karaoke(options: KaraokeOptions) -> int:
    """Make all products and report; returns the exit code, see `session.run_session`."""

    def plan(cancel: CancelToken) -> Programme:
        run = options.run
        separator = Separator.from_pretrained(options.model, run.device, run.quality, run.threads)
        found = plan_karaoke(options, separator)
        # Products know themselves what can be skipped: UltraStar songs always can.
        return Programme(found.products, found.failures, True, str(separator.device))

    reporter = new_reporter(options.json, options.dry_run)
    return run_session(reporter, plan, options.dry_run)
