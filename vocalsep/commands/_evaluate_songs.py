"""`vocalsep evaluate` of songs: from its options to tracks, methods and settings, and the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from vocalsep.commands._evaluate_job import (
    Job,
    Request,
    Results,
    card_facts,
    command_line,
    counted,
    model_name,
)
from vocalsep.errors import ModelError
from vocalsep.evaluation.estimates import find_estimates
from vocalsep.evaluation.methods import (
    FolderMethod,
    FrontEndSize,
    Method,
    ModelMethod,
    WienerMethod,
    anchors,
)
from vocalsep.evaluation.records import Record
from vocalsep.evaluation.report.listen import passages_html
from vocalsep.evaluation.report.page import Content
from vocalsep.evaluation.report.passages import (
    Passage,
    choose_places,
    cut_passages,
    passages_that_fit,
)
from vocalsep.evaluation.run import Outcome, Settings, evaluate, evaluate_track
from vocalsep.evaluation.summary import Summary, summarise
from vocalsep.evaluation.tracks import Track, find_tracks
from vocalsep.models.catalogue import find_model, pretrained_dir
from vocalsep.models.checkpoint import read_card, store_scores

USUAL_STEMS = ("vocals", "accompaniment")


class SongJob(Job):
    """Songs with true stems.

    Args:
        request: the options.

    Raises:
        DataError, ModelError: something is missing; nothing was started.
    """

    def __init__(self, request: Request) -> None:
        models = request.models or (() if request.folders else ("vocals",))
        if request.store:
            _require_own_model(models)
        self._tracks = find_tracks(request.data, request.layout, request.split)
        asked: list[Method] = [
            ModelMethod(model_name(model), model, request.quality, request.device)
            for model in models
        ]
        asked += [FolderMethod(folder.resolve().name, folder) for folder in request.folders]
        size = _front_end(models)
        if request.wiener:
            asked += [
                WienerMethod(f"{method.name} + wiener", method, request.wiener, size)
                for method in list(asked)
            ]
        beside = anchors(size) if request.anchors else []
        super().__init__([method.name for method in asked], [method.name for method in beside])
        self._asked = asked
        self._methods = [*asked, *beside]
        stems = request.stems or _common_stems(models, request.folders, self._tracks)
        self._settings = Settings(tuple(stems), request.output, tuple(request.groups))
        self._sound = request.excerpts

    def evaluate(self, workers: int, report: Callable[[Outcome], None]) -> list[Outcome]:
        """Score everything."""
        score = partial(evaluate_track, methods=self._methods, settings=self._settings)
        return evaluate(self._tracks, score, workers, report)

    def summarise(self, records: Sequence[Record]) -> list[Summary]:
        """One number a method, stem and metric."""
        return summarise(records, self.names)

    def content(self, results: Results, failures: Sequence[str]) -> Content:
        """What the HTML page shows."""
        lengths = {record.track: record.length_s for record in results.records}
        tracks = counted(len(lengths), "track")
        return Content(
            title=f"{', '.join(self.asked)} on {tracks}",
            asked=self.asked,
            methods=self.names,
            records=results.records,
            summaries=results.summaries,
            comparisons=results.comparisons,
            sections=[passages_html(self._passages(results), self.asked[0])],
            facts=_facts(self._asked),
            command=command_line(),
            extent=f"{tracks}, {sum(lengths.values()) / 60:.1f} minutes",
            failures=failures,
        )

    def store(self, records: Sequence[Record]) -> None:
        """Write song -> stem -> global SDR of the first method into its model file.

        Raises:
            ModelError: missing or damaged.
        """
        method = self._asked[0]
        assert isinstance(method, ModelMethod)
        scores: dict[str, dict[str, float]] = {}
        for record in records:
            if record.method == method.name:
                by_stem = {stem: values["sdr"] for stem, values in record.scores.items()}
                held = record.scores.get("vocals", {})
                shares = {k: held[k] for k in ("voice_held", "music_held") if k in held}
                scores[record.track] = by_stem | shares
        store_scores(find_model(method.model), scores)

    def _passages(self, results: Results) -> list[Passage]:
        lead = [record for record in results.records if record.method == self.asked[0]]
        stems = self._settings.stems
        n_each = passages_that_fit(len(stems), len(self._asked))
        places = choose_places(lead, stems[0], n_each)
        return cut_passages(places, self._tracks, self._asked, stems, self._sound)


def _require_own_model(models: Sequence[str]) -> None:
    if len(models) != 1:
        raise ModelError(f"--store writes into one model file, not {len(models)}; name one with -m")
    path = find_model(models[0])
    if path.resolve().parent == pretrained_dir().resolve():
        raise ModelError(
            f"{path} is shipped and its bytes are in the index: store the scores in the run's own "
            f"model file, then `vocalsep models ship` it"
        )


def _front_end(models: Sequence[str]) -> FrontEndSize:
    if not models:
        return FrontEndSize()
    audio = read_card(find_model(models[0])).separation.audio
    return FrontEndSize(audio.n_fft, audio.hop_length)


def _common_stems(
    models: Sequence[str], folders: Sequence[Path], tracks: Sequence[Track]
) -> tuple[str, ...]:
    """The stems of all methods if they have the same, else voice and accompaniment."""
    found = {tuple(read_card(find_model(model)).separation.stems) for model in models}
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


def _facts(methods: Sequence[Method]) -> dict[str, dict[str, str]]:
    """Model name -> what its card says."""
    found = {}
    for method in methods:
        if isinstance(method, ModelMethod):
            card = method.card()
            audio = card.separation.audio
            found[method.name] = {
                **card_facts(card),
                "front end": f"{audio.sample_rate} Hz, n_fft {audio.n_fft}, hop {audio.hop_length}",
                "quality": method.quality,
            }
    return found
