"""What evaluating songs and evaluating pictures have in common for `vocalsep evaluate`."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vocalsep.commands._table import table
from vocalsep.errors import DataError
from vocalsep.evaluation.metric_names import BY_KEY, Metric
from vocalsep.evaluation.records import Record
from vocalsep.evaluation.report.page import Content
from vocalsep.evaluation.run import Outcome
from vocalsep.evaluation.summary import Comparison, Summary, compare
from vocalsep.evaluation.tables import ROW_FORMATS, as_csv, as_json, comparison_rows, text_rows
from vocalsep.models.catalogue import find_model
from vocalsep.models.checkpoint import ModelCard

#: The metric of comparisons: the first that was measured.
COMPARED = ("v4_sdr", "sdr", "src_sdr", "miou")


@dataclass(frozen=True)
class Request:
    """The options, as they came."""

    data: tuple[Path, ...]
    models: tuple[str, ...]
    folders: tuple[Path, ...]
    output: Path
    shown: str
    excerpts: bool
    groups: tuple[str, ...]
    stems: tuple[str, ...]
    classes: tuple[str, ...]
    ignored: tuple[int, ...]
    layout: str
    split: str
    anchors: bool
    wiener: int
    quality: str
    device: str
    store: bool


@dataclass(frozen=True)
class Results:
    """Records, and what follows from them."""

    records: Sequence[Record]
    summaries: Sequence[Summary]
    comparisons: Sequence[Comparison]


class Job(ABC):
    """Everything that was asked for, found and checked; nothing is computed yet.

    Args:
        asked: names of the methods that were asked for.
        anchors: names of those beside them, doing nothing first.
    """

    def __init__(self, asked: Sequence[str], anchors: Sequence[str]) -> None:
        if len(set(asked)) < len(asked):
            raise DataError(f"two of {', '.join(asked)} have one name; results are kept by name")
        self.asked = list(asked)
        #: All names, from doing nothing to knowing everything, as tables are read.
        self.names = [*anchors[:1], *asked, *anchors[1:]]

    @abstractmethod
    def evaluate(self, workers: int, report: Callable[[Outcome], None]) -> list[Outcome]:
        """Score everything."""

    @abstractmethod
    def summarise(self, records: Sequence[Record]) -> list[Summary]:
        """One number a method and metric."""

    @abstractmethod
    def content(self, results: Results, failures: Sequence[str]) -> Content:
        """What the HTML page shows."""

    def store(self, records: Sequence[Record]) -> None:
        """Write scores of the first method into its model file; who cannot refuses beforehand."""
        raise NotImplementedError

    def results(self, records: Sequence[Record]) -> Results:
        """Summaries of all methods; comparisons of those that were asked for with the first."""
        summaries = self.summarise(records)
        metric = _compared(summaries)
        comparisons: list[Comparison] = []
        if metric is not None:
            for other in self.asked[1:]:
                comparisons += compare(records, other, self.asked[0], metric)
        return Results(records, summaries, comparisons)


def as_text(shown: str, results: Results) -> str:
    """The results in a format of the command, html excepted."""
    if shown == "json":
        return as_json(results.records, results.summaries, results.comparisons)
    if shown == "csv":
        return as_csv(results.records)
    render = ROW_FORMATS.get(shown, table)
    by_class = [s for s in results.summaries if s.metric.group == "classes"]
    others = [s for s in results.summaries if s.metric.group != "classes"]
    parts = [render(text_rows(part)) for part in (others, by_class) if part]
    if results.comparisons:
        parts.append(render(comparison_rows(results.comparisons)))
    return "\n\n".join(parts)


def model_name(model: str) -> str:
    """The name of a shipped model, or of a run's folder where its file is called best or last."""
    path = find_model(model)
    if path.stem in ("best", "last", "model"):
        return path.resolve().parent.name
    return path.stem


def counted(n: int, noun: str) -> str:
    """A number of things.

    >>> counted(1, "track"), counted(2, "track")
    ('1 track', '2 tracks')
    """
    return f"{n} {noun}{'s' if n != 1 else ''}"


def card_facts(card: ModelCard) -> dict[str, str]:
    """What a model file says of itself, for the page."""
    return {
        "licence": card.licence,
        "trained on": card.training_data,
        "targets": ", ".join(card.targets),
        "network": f"{card.recipe.backbone.name}, {card.n_parameters:,} parameters",
        "size": f"{card.n_bytes / 1e6:.1f} MB",
        "sha256": card.sha256,
        "trained": ", ".join(f"{k} {v}" for k, v in card.provenance.items()),
    }


def command_line() -> str:
    """What was typed."""
    return " ".join(["vocalsep", *(f"'{w}'" if " " in w else w for w in sys.argv[1:])])


def _compared(summaries: Sequence[Summary]) -> Metric | None:
    measured = {summary.metric.key for summary in summaries}
    return next((BY_KEY[key] for key in COMPARED if key in measured), None)
