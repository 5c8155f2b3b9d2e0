"""Score methods on one picture: its confusion matrix and contours, kept as one JSON."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vocalsep.data.pictures.codes import IGNORE
from vocalsep.data.pictures.pair import Pair, read_pair_labels
from vocalsep.errors import DataError, VocalsepError
from vocalsep.evaluation.metrics.labels import BoundaryF1, Confusion, mean_known
from vocalsep.evaluation.pictures.methods import Labels, PictureMethod
from vocalsep.evaluation.records import Labelled, Record, fingerprint
from vocalsep.evaluation.run import Kept, Outcome, Pending, resumed

#: Under this name a picture's scores of all its classes are kept.
ALL = "all classes"


@dataclass(frozen=True)
class PictureSettings:
    """What is measured.

    Attributes:
        classes: names, in the order of the labels.
        output: folder of the result files.
    """

    classes: tuple[str, ...]
    output: Path


def evaluate_picture(
    pair: Pair, methods: Sequence[PictureMethod], settings: PictureSettings
) -> Outcome:
    """Score methods on one picture; what fails is told in the outcome."""
    return resumed(
        Kept(pair.name, settings.output),
        methods,
        lambda method: _fingerprint(pair, method, settings),
        lambda pending: _score(pair, pending, settings),
    )


def measured(classes: tuple[str, ...], true: Labels, said: Labels) -> Labelled:
    """Compare the labels of a picture with the true ones, (H, W) each.

    Raises:
        ValueError: the sizes differ, or a label is no class.
    """
    confusion = Confusion(len(classes), IGNORE)
    confusion.add(true, said)
    boundary = BoundaryF1(len(classes), ignore_index=IGNORE)
    boundary.add(true, said)
    return Labelled(classes, confusion.counts, boundary.per_class())


def _score(
    pair: Pair, pending: Pending[PictureMethod], settings: PictureSettings
) -> Iterator[Record | str]:
    true = read_pair_labels(pair)
    for method, wanted in pending:
        try:
            start = time.perf_counter()
            said = method.labels(pair)
            middle = time.perf_counter()
            found = _measured(pair, settings.classes, true, said)
            yield Record(
                method=method.name,
                track=pair.name,
                fingerprint=wanted,
                length_s=0.0,
                frames={},
                scores={ALL: _scores(found)},
                notes=() if (true != IGNORE).any() else ("nothing but void",),
                estimate_s=middle - start,
                score_s=time.perf_counter() - middle,
                settings=method.settings(pair),
                labelled=found,
            )
        except VocalsepError as error:
            yield f"{method.name}, {error}"


def _measured(pair: Pair, classes: tuple[str, ...], true: Labels, said: Labels) -> Labelled:
    try:
        return measured(classes, true, said)
    except ValueError as error:
        raise DataError(
            f"{pair.name}: the estimate does not fit {pair.labels} ({error}); segment again"
        ) from error


def _scores(labelled: Labelled) -> dict[str, float]:
    """Of a picture alone, in per cent."""
    counts = Confusion(len(labelled.classes))
    counts.counts += labelled.counts
    return {
        "miou": 100 * counts.mean_iou(),
        "accuracy": 100 * counts.pixel_accuracy(),
        "mdice": 100 * counts.mean_dice(),
        "mbf1": 100 * float(mean_known(labelled.boundary)),
    }


def _fingerprint(pair: Pair, method: PictureMethod, settings: PictureSettings) -> str:
    files = {}
    for path in (pair.image, pair.labels):
        try:
            status = path.stat()
        except OSError as error:
            raise DataError(f"{path}: cannot be read: {error.strerror}") from error
        files[path.name] = (status.st_size, status.st_mtime_ns)
    facts = {
        "files": files,
        "codes": sorted(pair.codes.classes.items()),
        "method": type(method).__name__,
        "settings": method.settings(pair),
        "classes": settings.classes,
    }
    return fingerprint(facts)


def most_frequent(pairs: Sequence[Pair], n_classes: int, most: int = 50) -> int:
    """The class with most pixels in the first pictures of a set.

    Raises:
        DataError: a label map cannot be read.
    """
    counts = np.zeros(IGNORE + 1, np.int64)
    for pair in pairs[:most]:
        counts += np.bincount(read_pair_labels(pair).ravel(), minlength=IGNORE + 1)
    return int(counts[:n_classes].argmax())
