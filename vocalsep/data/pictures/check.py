"""Look through a set of pictures: everything is decoded once, in parallel."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from vocalsep.data.parallel import each_of
from vocalsep.data.pictures.codes import IGNORE
from vocalsep.data.pictures.counts import Counts, counts_of
from vocalsep.data.pictures.layouts import (
    PICTURE_LAYOUTS,
    PictureLayout,
    PictureSet,
    Wanted,
    guess_picture_layout,
    read_pictures,
)
from vocalsep.data.pictures.pair import Pair, read_pair, read_pair_labels
from vocalsep.errors import DataError, UnreadablePicture
from vocalsep.images.volume import is_volume, read_volume

Progress = Callable[[int, int], None]
MOSTLY_VOID = 0.9  # share of a label map above which a word is said


@dataclass(frozen=True)
class PictureFacts:
    """What one picture and its labels are.

    Attributes:
        size: along each axis; empty where it cannot be read.
        counts: (K,) pixels of each class.
        content: the same for pictures with the same pixels.
        error: why it cannot be used; empty if it can.
    """

    name: str
    size: tuple[int, ...] = ()
    counts: Counts = field(default_factory=lambda: np.zeros(0, np.int64))
    content: str = ""
    error: str = ""

    @property
    def void(self) -> float:
        """Share of pixels that are of no class."""
        n_pixels = int(np.prod(self.size))
        return 1 - int(self.counts.sum()) / n_pixels if self.size and n_pixels else 0.0


@dataclass
class PictureReport:
    """What a check found.

    Attributes:
        classes: names.
        facts: split -> its pictures.
        problems: what must be mended.
        remarks: what may be meant to be so.
    """

    classes: tuple[str, ...]
    facts: dict[str, list[PictureFacts]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def counts(self, split: str) -> Counts:
        """Pixels of each class in a split, (K,)."""
        good = [facts.counts for facts in self.facts[split] if not facts.error]
        return np.asarray(sum(good, np.zeros(len(self.classes), np.int64)))

    def unseen(self, split: str) -> list[str]:
        """Classes of which the split has no pixel."""
        counts = self.counts(split)
        return [name for name, count in zip(self.classes, counts, strict=True) if not count]

    def summary(self) -> dict[str, dict[str, Any]]:
        """Split -> number of pictures, sizes, share of void, and of each class in the rest."""
        rows = {}
        for split, facts in self.facts.items():
            counts = self.counts(split)
            sizes = sorted({each.size for each in facts if each.size})
            n_pixels = sum(int(np.prod(each.size)) for each in facts if each.size)
            share = counts / max(int(counts.sum()), 1)
            rows[split] = {
                "pictures": len(facts),
                "smallest": list(sizes[0]) if sizes else [],
                "largest": list(sizes[-1]) if sizes else [],
                "sizes": len(sizes),
                "void": 1 - int(counts.sum()) / n_pixels if n_pixels else 0.0,
                "classes": dict(zip(self.classes, share.tolist(), strict=True)),
            }
        return rows


def every_split(root: Path, layout: str, wanted: Wanted) -> dict[str, PictureSet]:
    """The wanted splits, each by itself.

    A set that does not say what its classes are, and of which none are wanted by name, gets the
    numbers in its label maps as names.

    Args:
        layout: its name; empty: guessed.
        wanted: its split may be empty: all there are.

    Raises:
        DataError: as `read_pictures`.
        RecipeError: unknown layout.
    """
    name = layout or guess_picture_layout(root)
    reader: PictureLayout = PICTURE_LAYOUTS.build(name, {})
    splits = wanted.split.split("+") if wanted.split else reader.splits(root)
    if not splits:
        raise DataError(f"{root}: nothing of the layout {name} is in it; name another folder")
    if not (wanted.classes or reader.classes(root)):
        wanted = replace(wanted, classes=[str(number) for number in range(IGNORE)])
    return {split: read_pictures(root, name, replace(wanted, split=split)) for split in splits}


def check_pictures(
    sets: Mapping[str, PictureSet],
    workers: int,
    progress: Progress = lambda done, total: None,
) -> PictureReport:
    """Decode all pictures and label maps, and tell what is in them and what is wrong with them.

    Args:
        sets: split -> its pictures, all of the same classes.
        workers: processes.
        progress: told after every picture how many of how many are done.

    Raises:
        DataError: a worker was killed.
    """
    classes = next(iter(sets.values())).classes
    report = PictureReport(classes)
    jobs = [(split, pair) for split, found in sets.items() for pair in found.pairs]
    looked = each_of(partial(_look, n_classes=len(classes)), [pair for _, pair in jobs], workers)
    for number, ((split, _), facts) in enumerate(zip(jobs, looked, strict=True), 1):
        report.facts.setdefault(split, []).append(facts)
        if facts.error:
            report.problems.append(facts.error)
        elif facts.void > MOSTLY_VOID:
            report.remarks.append(f"{facts.name}: {facts.void:.0%} of its pixels are void")
        progress(number, len(jobs))
    _compare(report)
    return report


def _look(pair: Pair, n_classes: int) -> PictureFacts:
    try:
        if is_volume(pair.image):
            pixels, labels = read_volume(pair.image).values, read_pair_labels(pair)
            if labels.shape != pixels.shape[1:]:
                raise DataError(
                    f"{pair.labels}: its shape is {labels.shape}, expected {pixels.shape[1:]} as "
                    f"{pair.image.name} has; export it again"
                )
        else:
            pixels, labels = read_pair(pair)
    except (DataError, UnreadablePicture) as error:
        return PictureFacts(pair.name, error=str(error))
    content = hashlib.sha256(np.ascontiguousarray(pixels).data).hexdigest()
    return PictureFacts(pair.name, labels.shape, counts_of(labels, n_classes), content)


def _compare(report: PictureReport) -> None:
    """The same picture twice: in two splits it makes the score worthless."""
    seen: dict[str, tuple[str, str]] = {}
    for split, facts in report.facts.items():
        for each in facts:
            if each.error:
                continue
            first_split, first = seen.setdefault(each.content, (split, each.name))
            if first_split != split:
                report.problems.append(
                    f"{each.name} of {split} is the same picture as {first} of {first_split}; "
                    f"remove one of them"
                )
            elif first != each.name:
                report.remarks.append(f"{each.name} is the same picture as {first}")
