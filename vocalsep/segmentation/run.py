"""`vocalsep segment`: plan everything, then segment file by file, whatever happens to one."""

from __future__ import annotations

from vocalsep.inference.cancel import CancelToken
from vocalsep.inference.report import Words, new_reporter
from vocalsep.inference.session import Programme, run_session
from vocalsep.segmentation.options import SegmentOptions
from vocalsep.segmentation.plan import plan_segment
from vocalsep.segmentation.predict import Predictor

_WORDS = Words("pictures", "segmented", "lines")


def run_segment(options: SegmentOptions) -> int:
    """Segment all inputs and report; returns the exit code, see `session.run_session`."""

    def plan(cancel: CancelToken) -> Programme:
        run = options.run
        predictor = Predictor.from_pretrained(
            options.model, options.predict, run.device, run.threads
        )
        found = plan_segment(options, predictor)
        works, failures = found.works, found.failures
        return Programme(works, failures, options.skip_existing, str(predictor.choice))

    reporter = new_reporter(options.json, options.dry_run, _WORDS)
    return run_session(reporter, plan, options.dry_run)
