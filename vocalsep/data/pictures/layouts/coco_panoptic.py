"""COCO's panoptic annotations (Kirillov et al., 2019), as published:

    root/train2017/*.jpg    (or root/images/train2017/)
    root/annotations/panoptic_train2017.json    root/annotations/panoptic_train2017/*.png

A pixel's colour is the id of its segment, R + 256 G + 65536 B; 0 is unlabelled. The JSON tells the
category of every segment; its categories, ordered by id, are the classes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from vocalsep.data.pictures.codes import IGNORE, Codes
from vocalsep.data.pictures.layouts.base import (
    PICTURE_LAYOUTS,
    ClassList,
    PictureLayout,
    by_stem,
    listed,
    pairs_of,
    pictures_in,
)
from vocalsep.data.pictures.pair import Pair
from vocalsep.errors import DataError
from vocalsep.images.labels import read_colours

PREFIX = "panoptic_"


@PICTURE_LAYOUTS.register("coco_panoptic")
class CocoPanoptic(PictureLayout):
    """Segments in PNG maps, their categories in JSON."""

    summary: ClassVar[str] = "COCO panoptic: train2017/, annotations/panoptic_train2017.json and /"

    def matches(self, root: Path) -> bool:
        """Whether there is a JSON with a folder of its name."""
        return bool(_lists(root))

    def splits(self, root: Path) -> list[str]:
        """The lists' names without their year."""
        return list(_lists(root))

    def classes(self, root: Path) -> ClassList:
        """The categories; every list has all, so the shortest list is read."""
        return read_annotations(min(_lists(root).values(), key=lambda p: p.stat().st_size)).classes

    def find(self, root: Path, split: str, n_classes: int) -> list[Pair]:
        """The listed pictures, each with codes of its own."""
        where = _lists(root)[split]
        year = where.stem.removeprefix(PREFIX)
        folder = next((f for f in (root / "images" / year, root / year) if f.is_dir()), root / year)
        segments = read_annotations(where).segments
        images = listed(segments, by_stem(pictures_in(folder)), where)
        labels = by_stem(pictures_in(where.with_suffix("")))
        plain = pairs_of(images, labels, f"{where.with_suffix('')}/{{}}.png", Codes({}))
        return [
            replace(pair, codes=Codes({0: IGNORE, **segments[pair.name]}), decode=read_colours)
            for pair in plain
        ]


@dataclass(frozen=True)
class Annotations:
    """What a JSON tells.

    Attributes:
        segments: name of a picture -> id of a segment -> class.
    """

    classes: ClassList
    segments: dict[str, dict[int, int]]


def read_annotations(path: Path) -> Annotations:
    """A JSON of panoptic annotations.

    Raises:
        DataError: it is none.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        categories = sorted(told["categories"], key=lambda each: int(each["id"]))
        index = {each["id"]: k for k, each in enumerate(categories)}
        colours = [each["color"] for each in categories if "color" in each]
        palette = [(red, green, blue) for red, green, blue in colours]
        segments = {
            Path(each["file_name"]).stem: {
                int(segment["id"]): index[segment["category_id"]]
                for segment in each["segments_info"]
            }
            for each in told["annotations"]
        }
        names = tuple(str(each["name"]) for each in categories)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path}: expected categories and annotations with segments_info "
            f"({type(error).__name__}: {error}); get it again"
        ) from error
    return Annotations(
        ClassList(names, tuple(palette) if len(palette) == len(names) else ()), segments
    )


def _lists(root: Path) -> dict[str, Path]:
    """Split -> JSON that has a folder of maps."""
    files = sorted((root / "annotations").glob(f"{PREFIX}*20[0-9][0-9].json"))
    return {
        file.stem.removeprefix(PREFIX)[:-4]: file for file in files if file.with_suffix("").is_dir()
    }
