"""The course of `vocalsep evaluate`: prepare, score every track, show."""

from __future__ import annotations

from collections.abc import Sequence

import click

from vocalsep.commands._evaluate_report import write_report
from vocalsep.commands._evaluate_setup import (
    Job,
    Request,
    as_text,
    prepare,
    results_of,
    store_in_model,
)
from vocalsep.evaluation.run import Outcome, evaluate


def run(request: Request, workers: int) -> int:
    """Evaluate and print.

    Returns:
        The exit code: 0, or 1 when a track had failures.

    Raises:
        VocalsepError: nothing could start, or the output cannot be written.
    """
    job = prepare(request)
    outcomes = evaluate(job.tracks, job.methods, job.settings, workers, _tell)
    if any(outcome.records for outcome in outcomes):
        _show(job, outcomes, request)
        if request.store:
            records = [record for outcome in outcomes for record in outcome.records]
            store_in_model(job, records)
    n_failed = sum(bool(outcome.failures) for outcome in outcomes)
    if n_failed:
        click.echo(f"{n_failed} of {len(outcomes)} tracks had failures", err=True)
    return 1 if n_failed else 0


def _tell(outcome: Outcome) -> None:
    """A line on standard error for each failure, each note and the track itself."""
    notes = dict.fromkeys(note for record in outcome.records for note in record.notes)
    for line in (*outcome.failures, *notes):
        click.echo(f"{outcome.track}: {line}", err=True)
    kept = f", {outcome.n_kept} kept" if outcome.n_kept else ""
    click.echo(f"{outcome.track}: {len(outcome.records)} scored{kept}", err=True)


def _show(job: Job, outcomes: Sequence[Outcome], request: Request) -> None:
    records = [record for outcome in outcomes for record in outcome.records]
    results = results_of(job, records)
    if request.shown == "html":
        failures = [f"{each.track}: {line}" for each in outcomes for line in each.failures]
        click.echo(write_report(job, results, failures, request.sound))
    else:
        click.echo(as_text(request.shown, results))
