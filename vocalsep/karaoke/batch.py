"""`vocalsep karaoke`: plan everything, then make product by product."""

from __future__ import annotations

from vocalsep.errors import Cancelled, VocalsepError
from vocalsep.inference.cancel import CancelToken
from vocalsep.inference.report import new_reporter
from vocalsep.inference.separator import Separator
from vocalsep.inference.session import (
    INTERRUPTED,
    NOTHING_STARTED,
    Session,
    cancel_on_signals,
    log_to,
)
from vocalsep.karaoke.options import KaraokeOptions
from vocalsep.karaoke.plan import plan_karaoke


def run_karaoke(options: KaraokeOptions) -> int:
    """Make all products and report; returns the exit code, as `inference.batch.run_batch`."""
    reporter = new_reporter(options.json, options.dry_run)
    cancel = CancelToken()
    with cancel_on_signals(cancel), log_to(reporter):
        try:
            separator = Separator.from_pretrained(
                options.model, options.run.device, options.run.quality, options.run.threads
            )
            plan = plan_karaoke(options, separator)
        except Cancelled as error:
            reporter.failed("", error)
            return INTERRUPTED
        except VocalsepError as error:
            reporter.failed("", error)
            return NOTHING_STARTED
        session = Session(reporter, cancel, str(separator.device))
        # Products know themselves what can be skipped: UltraStar songs always can.
        return session.run(
            plan.products, plan.failures, skip_existing=True, dry_run=options.dry_run
        )
