"""The course of `vocalsep evaluate`: prepare, score everything, show."""

from __future__ import annotations

from collections.abc import Sequence

import click

from vocalsep.atomic import write_whole
from vocalsep.commands._evaluate_job import Job, Request, as_text
from vocalsep.commands._evaluate_pictures import PictureJob, about_pictures
from vocalsep.commands._evaluate_songs import SongJob
from vocalsep.evaluation.report.page import render
from vocalsep.evaluation.run import Outcome


def run(request: Request, workers: int) -> int:
    """Evaluate and print.

    Returns:
        The exit code: 0, or 1 when a track or picture had failures.

    Raises:
        VocalsepError: nothing could start, or the output cannot be written.
    """
    job: Job = PictureJob(request) if about_pictures(request) else SongJob(request)
    outcomes = job.evaluate(workers, _tell)
    if any(outcome.records for outcome in outcomes):
        _show(job, outcomes, request)
        if request.store:
            job.store([record for outcome in outcomes for record in outcome.records])
    n_failed = sum(bool(outcome.failures) for outcome in outcomes)
    if n_failed:
        click.echo(f"{n_failed} of {len(outcomes)} had failures", err=True)
    return 1 if n_failed else 0


def _tell(outcome: Outcome) -> None:
    """A line on standard error for each failure, each note and the track itself."""
    notes = dict.fromkeys(note for record in outcome.records for note in record.notes)
    for line in (*outcome.failures, *notes):
        click.echo(f"{outcome.track}: {line}", err=True)
    kept = f", {outcome.n_kept} kept" if outcome.n_kept else ""
    click.echo(f"{outcome.track}: {len(outcome.records)} scored{kept}", err=True)


def _show(job: Job, outcomes: Sequence[Outcome], request: Request) -> None:
    """Print the results, or write <output>/report.html and print where."""
    records = [record for outcome in outcomes for record in outcome.records]
    results = job.results(records)
    if request.shown == "html":
        failures = [f"{each.track}: {line}" for each in outcomes for line in each.failures]
        path = request.output / "report.html"
        write_whole(path, render(job.content(results, failures)).encode())
        click.echo(path)
    else:
        click.echo(as_text(request.shown, results))
