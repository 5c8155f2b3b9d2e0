"""From the options of `vocalsep evaluate` to tracks, methods and settings; and what is printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vocalsep.commands._table import table
from vocalsep.errors import DataError, ModelError
from vocalsep.evaluation.estimates import find_estimates
from vocalsep.evaluation.methods import (
    FolderMethod,
    FrontEndSize,
    Method,
    ModelMethod,
    WienerMethod,
    anchors,
)
from vocalsep.evaluation.metric_names import BY_KEY, Metric
from vocalsep.evaluation.records import Record
from vocalsep.evaluation.run import Settings
from vocalsep.evaluation.summary import Comparison, Summary, compare, summarise
from vocalsep.evaluation.tables import ROW_FORMATS, as_csv, as_json, comparison_rows, text_rows
from vocalsep.evaluation.tracks import Track, find_tracks
from vocalsep.models.catalogue import find_model, pretrained_dir
from vocalsep.models.checkpoint import read_card, store_scores

USUAL_STEMS = ("vocals", "accompaniment")
#: The metric of comparisons: the first that was measured.
COMPARED = ("v4_sdr", "sdr", "src_sdr")


@dataclass(frozen=True)
class Request:
    """The options, as they came."""

    data: tuple[Path, ...]
    models: tuple[str, ...]
    folders: tuple[Path, ...]
    output: Path
    shown: str
    sound: bool
    groups: tuple[str, ...]
    stems: tuple[str, ...]
    layout: str
    split: str
    anchors: bool
    wiener: int
    quality: str
    device: str
    store: bool


@dataclass(frozen=True)
class Job:
    """What will be done.

    Attributes:
        methods: those that were asked for, then the anchors.
        n_asked: how many of them were asked for.
    """

    tracks: list[Track]
    methods: list[Method]
    n_asked: int
    settings: Settings

    @property
    def names(self) -> list[str]:
        """Of the methods, the mixture first: worst to best is how tables are read."""
        asked = [method.name for method in self.methods[: self.n_asked]]
        rest = [method.name for method in self.methods[self.n_asked :]]
        return [*rest[:1], *asked, *rest[1:]]


@dataclass(frozen=True)
class Results:
    """Records, and what follows from them."""

    records: Sequence[Record]
    summaries: Sequence[Summary]
    comparisons: Sequence[Comparison]


def prepare(request: Request) -> Job:
    """Find everything before anything is computed.

    Raises:
        DataError, ModelError: something is missing; nothing was started.
    """
    models = request.models or (() if request.folders else ("vocals",))
    if request.store:
        _require_own_model(models)
    tracks = find_tracks(request.data, request.layout, request.split)
    asked: list[Method] = [
        ModelMethod(_model_name(model), model, request.quality, request.device) for model in models
    ]
    asked += [FolderMethod(folder.resolve().name, folder) for folder in request.folders]
    names = [method.name for method in asked]
    if len(set(names)) < len(names):
        raise DataError(f"two of {', '.join(names)} have one name; results are kept by name")
    size = _front_end(models)
    if request.wiener:
        asked += [
            WienerMethod(f"{method.name} + wiener", method, request.wiener, size)
            for method in list(asked)
        ]
    methods = [*asked, *(anchors(size) if request.anchors else [])]
    stems = request.stems or _common_stems(models, request.folders, tracks)
    settings = Settings(tuple(stems), request.output, tuple(request.groups))
    return Job(tracks, methods, len(asked), settings)


def results_of(job: Job, records: Sequence[Record]) -> Results:
    """Summaries of all methods, and comparisons of those that were asked for with the first."""
    summaries = summarise(records, job.names)
    metric = _compared(summaries)
    asked = [method.name for method in job.methods[: job.n_asked]]
    comparisons: list[Comparison] = []
    if metric is not None:
        for other in asked[1:]:
            comparisons += compare(records, other, asked[0], metric)
    return Results(records, summaries, comparisons)


def as_text(shown: str, results: Results) -> str:
    """The results in a format of the command, html excepted."""
    if shown == "json":
        return as_json(results.records, results.summaries, results.comparisons)
    if shown == "csv":
        return as_csv(results.records)
    render = ROW_FORMATS.get(shown, table)
    parts = [render(text_rows(results.summaries))]
    if results.comparisons:
        parts.append(render(comparison_rows(results.comparisons)))
    return "\n\n".join(parts)


def store_in_model(job: Job, records: Sequence[Record]) -> None:
    """Write song -> stem -> global SDR of the first method into its model file.

    Raises:
        ModelError: missing or damaged.
    """
    method = job.methods[0]
    assert isinstance(method, ModelMethod)
    scores: dict[str, dict[str, float]] = {}
    for record in records:
        if record.method == method.name:
            by_stem = {stem: values["sdr"] for stem, values in record.scores.items()}
            held = record.scores.get("vocals", {})
            shares = {k: held[k] for k in ("voice_held", "music_held") if k in held}
            scores[record.track] = by_stem | shares
    store_scores(find_model(method.model), scores)


def _require_own_model(models: Sequence[str]) -> None:
    if len(models) != 1:
        raise ModelError(f"--store writes into one model file, not {len(models)}; name one with -m")
    path = find_model(models[0])
    if path.resolve().parent == pretrained_dir().resolve():
        raise ModelError(
            f"{path} is shipped and its bytes are in the index: store the scores in the run's own "
            f"model file, then `vocalsep models ship` it"
        )


def _model_name(model: str) -> str:
    """The name of a shipped model, or of a run's folder where its file is called best or last."""
    path = find_model(model)
    if path.stem in ("best", "last", "model"):
        return path.resolve().parent.name
    return path.stem


def _front_end(models: Sequence[str]) -> FrontEndSize:
    if not models:
        return FrontEndSize()
    audio = read_card(find_model(models[0])).recipe.audio
    return FrontEndSize(audio.n_fft, audio.hop_length)


def _common_stems(
    models: Sequence[str], folders: Sequence[Path], tracks: Sequence[Track]
) -> tuple[str, ...]:
    """The stems of all methods if they have the same, else voice and accompaniment."""
    found = {tuple(read_card(find_model(model)).recipe.stems) for model in models}
    for folder in folders:
        stems = find_estimates(folder, tracks[0].name)
        known = {source.target for source in tracks[0].sources}
        shared = tuple(sorted((stem for stem in stems if stem in known), key=_order))
        found.add(shared if len(shared) > 1 else USUAL_STEMS)
    distinct = {frozenset(stems) for stems in found}
    return next(iter(found)) if len(distinct) == 1 else USUAL_STEMS


def _order(stem: str) -> tuple[bool, bool, str]:
    """The voice first, what holds the rest last."""
    return stem != "vocals", stem in ("accompaniment", "other", "residual"), stem


def _compared(summaries: Sequence[Summary]) -> Metric | None:
    measured = {summary.metric.key for summary in summaries}
    return next((BY_KEY[key] for key in COMPARED if key in measured), None)
