"""SUN RGB-D (Song et al., 2015), 37 classes, as extracted from its MATLAB file by A. Handa:

    root/SUNRGBD-train_images/img-000001.jpg …       5285
    root/SUNRGBD-test_images/img-000001.jpg …        5050
    root/sunrgbd_train_test_labels/img-000001.png …  10335: first those of test, then of train

0 is unlabelled. Pictures of `train` may also be numbered as their labels, from 5051 on.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

from vocalsep.data.pictures.codes import IGNORE, Codes
from vocalsep.data.pictures.layouts.base import (
    PICTURE_LAYOUTS,
    ClassList,
    PictureLayout,
    pairs_of,
    pictures_in,
)
from vocalsep.data.pictures.pair import Pair
from vocalsep.errors import DataError

N_TEST = 5050
CLASSES = (
    "wall", "floor", "cabinet", "bed", "chair", "sofa", "table", "door", "window", "bookshelf",
    "picture", "counter", "blinds", "desk", "shelves", "curtain", "dresser", "pillow", "mirror",
    "floor mat", "clothes", "ceiling", "books", "fridge", "tv", "paper", "towel",
    "shower curtain", "box", "whiteboard", "person", "night stand", "toilet", "sink", "lamp",
    "bathtub", "bag",
)  # fmt: skip
FOLDERS = {"train": "SUNRGBD-train_images", "test": "SUNRGBD-test_images"}
LABELS = "sunrgbd_train_test_labels"


@PICTURE_LAYOUTS.register("sunrgbd")
class SunRgbd(PictureLayout):
    """Rooms; only the colour pictures are read."""

    summary: ClassVar[str] = "SUN RGB-D: SUNRGBD-train_images/, sunrgbd_train_test_labels/"

    def matches(self, root: Path) -> bool:
        """Whether pictures and label maps are there."""
        return (root / LABELS).is_dir() and bool(self.splits(root))

    def splits(self, root: Path) -> list[str]:
        """Those with pictures; there is no val."""
        return [split for split, name in FOLDERS.items() if (root / name).is_dir()]

    def classes(self, root: Path) -> ClassList:
        """37 classes."""
        return ClassList(CLASSES)

    def find(self, root: Path, split: str, n_classes: int) -> list[Pair]:
        """Every picture of the split."""
        images = _numbered(root / FOLDERS[split])
        labels = _numbered(root / LABELS)
        if split == "train" and min(images, default=1) <= N_TEST:
            images = {number + N_TEST: file for number, file in images.items()}
        return pairs_of(
            {f"{number:06d}": file for number, file in images.items()},
            {f"{number:06d}": file for number, file in labels.items()},
            f"{root / LABELS}/img-{{}}.png",
            Codes({0: IGNORE, **{k + 1: k for k in range(n_classes)}}),
        )


def _numbered(folder: Path) -> dict[int, Path]:
    """Number in a file's name -> file, ordered."""
    found = {}
    for file in pictures_in(folder):
        match = re.search(r"(\d+)$", file.stem)
        if not match:
            raise DataError(f"{file}: expected a name such as img-000001{file.suffix}")
        found[int(match[1])] = file
    return dict(sorted(found.items()))
