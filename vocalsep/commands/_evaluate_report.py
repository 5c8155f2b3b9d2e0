"""What the HTML report of `vocalsep evaluate` needs beside the results, and where it is written."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from vocalsep.atomic import write_whole
from vocalsep.commands._evaluate_setup import Job, Results
from vocalsep.evaluation.methods import Method, ModelMethod, WienerMethod
from vocalsep.evaluation.report.page import Content, render
from vocalsep.evaluation.report.passages import (
    Passage,
    choose_places,
    cut_passages,
    passages_that_fit,
)


def write_report(job: Job, results: Results, failures: Sequence[str], sound: bool = True) -> Path:
    """Write <output>/report.html.

    Args:
        sound: with players.

    Raises:
        OutputError: it cannot be written; an older one is kept.
    """
    asked = [method.name for method in job.methods[: job.n_asked]]
    tracks = {record.track for record in results.records}
    content = Content(
        title=f"{', '.join(asked)} on {len(tracks)} track{'s' if len(tracks) != 1 else ''}",
        asked=asked,
        methods=job.names,
        records=results.records,
        summaries=results.summaries,
        comparisons=results.comparisons,
        passages=_passages(job, results, sound),
        facts=_facts(job.methods[: job.n_asked]),
        command=" ".join(["vocalsep", *map(_quoted, sys.argv[1:])]),
        failures=failures,
    )
    path = job.settings.output / "report.html"
    write_whole(path, render(content).encode())
    return path


def _passages(job: Job, results: Results, sound: bool) -> list[Passage]:
    lead = [record for record in results.records if record.method == job.methods[0].name]
    stems = job.settings.stems
    n_each = passages_that_fit(len(stems), job.n_asked)
    places = choose_places(lead, stems[0], n_each)
    return cut_passages(places, job.tracks, job.methods[: job.n_asked], stems, sound)


def _facts(methods: Sequence[Method]) -> dict[str, dict[str, str]]:
    """Model name -> what its card says."""
    found = {}
    for method in methods:
        inner = method.inner if isinstance(method, WienerMethod) else method
        if isinstance(inner, ModelMethod):
            card = inner.card()
            found[inner.name] = {
                "licence": card.licence,
                "heard": card.training_data,
                "targets": ", ".join(card.targets),
                "network": f"{card.recipe.backbone.name}, {card.n_parameters:,} parameters",
                "front end": f"{card.separation.audio.sample_rate} Hz, n_fft "
                f"{card.separation.audio.n_fft}, hop {card.separation.audio.hop_length}",
                "quality": inner.quality,
                "size": f"{card.n_bytes / 1e6:.1f} MB",
                "sha256": card.sha256,
                "trained": ", ".join(f"{k} {v}" for k, v in card.provenance.items()),
            }
    return found


def _quoted(word: str) -> str:
    return f"'{word}'" if " " in word else word
