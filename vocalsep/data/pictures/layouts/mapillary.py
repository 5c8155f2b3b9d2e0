"""Mapillary Vistas (Neuhold et al., 2017), as published, versions 1.2 and 2.0:

    root/config.json (or config_v1.2.json, config_v2.0.json)
    root/training/images/*.jpg
    root/training/labels/*.png       8 bits, the number of the label
    root/training/instances/*.png    16 bits, 256 × the number of the label + the instance

Label maps of version 2.0 lie in training/v2.0/labels. The numbers are places in the list of labels
of the config; labels that are not evaluated are void.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from vocalsep.data.pictures.codes import IGNORE, Codes
from vocalsep.data.pictures.layouts.base import (
    PICTURE_LAYOUTS,
    ClassList,
    PictureLayout,
    by_stem,
    pairs_of,
    pictures_in,
)
from vocalsep.data.pictures.pair import Pair
from vocalsep.errors import DataError
from vocalsep.images.labels import Colour, read_labels

FOLDERS = {"train": "training", "val": "validation"}
#: Name of a config -> folder of its label maps, the newest first.
CONFIGS = {"config_v2.0.json": "v2.0", "config_v1.2.json": "v1.2", "config.json": ""}


@dataclass(frozen=True)
class Label:
    """One of the config.

    Attributes:
        evaluated: else it is void.
    """

    name: str
    colour: Colour
    evaluated: bool


@PICTURE_LAYOUTS.register("mapillary")
class Mapillary(PictureLayout):
    """Street scenes of the world."""

    summary: ClassVar[str] = "Mapillary Vistas: config.json, training/images/, training/labels/"

    def matches(self, root: Path) -> bool:
        """Whether config and pictures are there."""
        return any((root / name).is_file() for name in CONFIGS) and bool(self.splits(root))

    def splits(self, root: Path) -> list[str]:
        """Those with pictures."""
        return [split for split, name in FOLDERS.items() if (root / name / "images").is_dir()]

    def classes(self, root: Path) -> ClassList:
        """The evaluated labels."""
        labels = [label for label in read_config(_config(root)) if label.evaluated]
        return ClassList(
            tuple(label.name for label in labels), tuple(label.colour for label in labels)
        )

    def find(self, root: Path, split: str, n_classes: int) -> list[Pair]:
        """Every picture of the split."""
        config = _config(root)
        numbers = [n for n, label in enumerate(read_config(config)) if label.evaluated]
        void = dict.fromkeys([*range(len(read_config(config))), 255], IGNORE)
        codes = Codes({**void, **{number: index for index, number in enumerate(numbers)}})
        folder = root / FOLDERS[split]
        images = by_stem(pictures_in(folder / "images"))
        maps = folder / CONFIGS[config.name] / "labels"
        decode = read_labels
        if not maps.is_dir():
            maps, decode = maps.with_name("instances"), read_instances
        return pairs_of(images, by_stem(pictures_in(maps)), f"{maps}/{{}}.png", codes, decode)


def read_instances(path: Path) -> npt.NDArray[np.integer[Any]]:
    """Numbers of labels of a map of instances, (H, W)."""
    return np.asarray(read_labels(path) // 256)


def read_config(path: Path) -> list[Label]:
    """All labels, in the order of their numbers.

    Raises:
        DataError: not a config of Mapillary Vistas.
    """
    try:
        labels = json.loads(path.read_text(encoding="utf-8"))["labels"]
        return [
            Label(each["readable"], _colour(each["color"]), bool(each["evaluate"]))
            for each in labels
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path}: expected a list of labels, each with readable, color and evaluate "
            f"({type(error).__name__}: {error}); get it again"
        ) from error


def _colour(values: list[int]) -> Colour:
    red, green, blue = values
    return red, green, blue


def _config(root: Path) -> Path:
    """The newest one whose label maps are there."""
    for name, folder in CONFIGS.items():
        maps = [root / split / folder for split in FOLDERS.values()]
        if (root / name).is_file() and any(
            (each / kind).is_dir() for each in maps for kind in ("labels", "instances")
        ):
            return root / name
    raise DataError(f"{root}: no label maps for any of {', '.join(CONFIGS)}; unpack them, too")
