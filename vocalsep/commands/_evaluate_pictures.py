"""`vocalsep evaluate` of pictures: from its options to pictures, methods and settings; the page."""

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
from vocalsep.data.pictures.layouts import (
    PICTURE_LAYOUTS,
    PictureSet,
    Wanted,
    guess_picture_layout,
    read_pictures,
)
from vocalsep.errors import DataError, ModelError
from vocalsep.evaluation.pictures.methods import (
    LabelFolderMethod,
    OneClassMethod,
    PictureMethod,
    SegmenterMethod,
)
from vocalsep.evaluation.pictures.run import PictureSettings, evaluate_picture, most_frequent
from vocalsep.evaluation.pictures.summary import confusion, summarise_pictures
from vocalsep.evaluation.records import Record
from vocalsep.evaluation.report.classes import ClassResults, classes_html
from vocalsep.evaluation.report.overlays import Drawing, choose_pictures, exhibit, exhibits_html
from vocalsep.evaluation.report.page import Content
from vocalsep.evaluation.run import Outcome, evaluate
from vocalsep.evaluation.summary import Summary
from vocalsep.images.labels import Colour
from vocalsep.models.catalogue import find_model
from vocalsep.models.checkpoint import read_card
from vocalsep.recipe import SegmentationRecipe
from vocalsep.segmentation.options import DEFAULT_MODEL

#: The split that is scored where none is named: the first that a set has.
USUAL_SPLITS = ("val", "valid", "validation", "test", "train")


class PictureJob(Job):
    """Pictures with true labels.

    Args:
        request: the options.

    Raises:
        DataError, ModelError: something is missing; nothing was started.
    """

    def __init__(self, request: Request) -> None:
        models = request.models or (() if request.folders else (DEFAULT_MODEL,))
        recipes = [_recipe(model) for model in models]
        self._set = _find_pictures(request, recipes)
        own = recipes[0].palette if recipes else []
        self._palette: list[Colour] = [(r, g, b) for r, g, b in own] or list(self._set.palette)
        if request.store:
            raise ModelError("--store is for songs: models that segment keep their training's")
        asked: list[PictureMethod] = [
            SegmenterMethod(model_name(model), model, request.device) for model in models
        ]
        asked += [LabelFolderMethod(folder.resolve().name, folder) for folder in request.folders]
        beside: list[PictureMethod] = []
        if request.anchors:
            label = most_frequent(self._set.pairs, len(self._set.classes))
            beside = [OneClassMethod(f"all {self._set.classes[label]}", label)]
        super().__init__([method.name for method in asked], [method.name for method in beside])
        self._asked = asked
        self._methods = [*asked, *beside]
        self._photographs = request.excerpts
        self._settings = PictureSettings(self._set.classes, request.output)

    def evaluate(self, workers: int, report: Callable[[Outcome], None]) -> list[Outcome]:
        """Score everything."""
        score = partial(evaluate_picture, methods=self._methods, settings=self._settings)
        return evaluate(self._set.pairs, score, workers, report)

    def summarise(self, records: Sequence[Record]) -> list[Summary]:
        """One number a method and metric, and a class."""
        return summarise_pictures(records, self.names)

    def content(self, results: Results, failures: Sequence[str]) -> Content:
        """What the HTML page shows."""
        pictures = counted(len({record.track for record in results.records}), "picture")
        return Content(
            title=f"{', '.join(self.asked)} on {pictures}",
            asked=self.asked,
            methods=self.names,
            records=results.records,
            summaries=results.summaries,
            comparisons=results.comparisons,
            sections=self._sections(results),
            facts={
                method.name: card_facts(method.card())
                for method in self._asked
                if isinstance(method, SegmenterMethod)
            },
            command=command_line(),
            extent=f"{pictures}, {len(self._set.classes)} classes",
            failures=failures,
        )

    def _sections(self, results: Results) -> list[str]:
        lead = [record for record in results.records if record.method == self.asked[0]]
        if not lead:
            return []
        counts = confusion(lead, self.asked[0])
        by_class = ClassResults(
            self._set.classes, self._palette, self.asked, results.summaries, counts
        )
        pairs = {pair.name: pair for pair in self._set.pairs}
        drawing = Drawing(self._palette, self._photographs)
        shown = [
            exhibit(chosen, pairs[chosen.record.track], self._asked, drawing)
            for chosen in choose_pictures(lead)
        ]
        return [classes_html(by_class), exhibits_html(shown, self.asked[0])]


def about_pictures(request: Request) -> bool:
    """Whether the models segment; without models, whether the data are pictures with labels.

    Raises:
        ModelError: a model is unknown, or some segment and some separate.
    """
    tasks = {read_card(find_model(model)).recipe.task for model in request.models}
    if len(tasks) > 1:
        raise ModelError(
            f"of {', '.join(request.models)} some separate sources and some segment pictures; "
            f"score them apart"
        )
    if tasks:
        return tasks == {"segmentation"}
    if request.layout:
        return request.layout in PICTURE_LAYOUTS.names()
    return all(map(_holds_pictures, request.data))


def _holds_pictures(root: Path) -> bool:
    try:
        return bool(guess_picture_layout(root))
    except DataError:
        return False


def _recipe(model: str) -> SegmentationRecipe:
    recipe = read_card(find_model(model)).recipe
    assert isinstance(recipe, SegmentationRecipe)
    if recipe.pixels.ndim != 2:
        raise ModelError(f"model {model!r} segments volumes; expected one of pictures")
    return recipe


def _find_pictures(request: Request, recipes: Sequence[SegmentationRecipe]) -> PictureSet:
    """The pictures, with the classes of the models or, without models, as asked for."""
    if len(request.data) != 1:
        raise DataError(f"{len(request.data)} sets of pictures; name one, others make other tables")
    classes = {tuple(recipe.classes) for recipe in recipes} or {request.classes}
    if len(classes) > 1:
        raise ModelError("the models know different classes; score them apart")
    ignored = set(request.ignored)
    ignored |= {value for recipe in recipes for value in recipe.pictures.ignore}
    (root,) = request.data
    layout = request.layout or guess_picture_layout(root)
    split = request.split or _usual_split(root, layout)
    return read_pictures(root, layout, Wanted(split, next(iter(classes)), sorted(ignored)))


def _usual_split(root: Path, layout: str) -> str:
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; name the folder that holds the pictures")
    known = PICTURE_LAYOUTS.build(layout, {}).splits(root)
    return next((split for split in USUAL_SPLITS if split in known), known[0] if known else "")
