"""Plain folders of pictures and label maps of the same names:

    root/<split>/*.jpg           root/<split>annot/*.png
    root/images/<split>/*.jpg    root/labels/<split>/*.png    (labels, masks or annotations)
    root/images/*.jpg            root/labels/*.png            one split, "train"

After the picture's name that of a label map may go on with `_mask`, `_label`, `_labels` or `_L`. It
has the index of a class in each pixel, or the class's colour. `root/classes.txt` may list the
classes, one a line, each with its colour if it has one: `road #804080` or `road 128 64 128`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

import numpy as np

from vocalsep.data.pictures.codes import IGNORE, Codes
from vocalsep.data.pictures.layouts.base import (
    PICTURE_LAYOUTS,
    ClassList,
    PictureLayout,
    by_stem,
    pairs_of,
    pictures_in,
    read_names,
)
from vocalsep.data.pictures.pair import Pair
from vocalsep.errors import DataError, UnreadablePicture
from vocalsep.images.labels import Colour, has_colours, pack, read_colours, read_labels

ANNOT = "annot"
IMAGES = ("images", "imgs")
LABELS = ("labels", "masks", "annotations")
ENDINGS = ("", "_mask", "_label", "_labels", "_L")  # that names of label maps may have
CLASSES = "classes.txt"
_LINE = re.compile(
    r"(?P<name>.+?)(?:[\s,]+(?:#(?P<hex>[0-9a-fA-F]{6})|(?P<rgb>\d{1,3}(?:[\s,]+\d{1,3}){2})))?"
)


@PICTURE_LAYOUTS.register("folder")
class Folder(PictureLayout):
    """Pictures and label maps in folders of their own."""

    summary: ClassVar[str] = "<split>/ and <split>annot/, or images/<split>/ and labels/<split>/"

    def matches(self, root: Path) -> bool:
        """Whether there is a folder of pictures beside one of labels."""
        return root.is_dir() and bool(_folders(root))

    def splits(self, root: Path) -> list[str]:
        """Folders that have a counterpart with labels."""
        return list(_folders(root))

    def classes(self, root: Path) -> ClassList | None:
        """What classes.txt lists."""
        path = root / CLASSES
        return read_classes(path) if path.is_file() else None

    def find(self, root: Path, split: str, n_classes: int) -> list[Pair]:
        """Every picture of the split."""
        image_folder, label_folder = _folders(root)[split]
        images, files = by_stem(pictures_in(image_folder)), pictures_in(label_folder)
        found = (by_stem(files, ending) for ending in ENDINGS)
        labels = next((each for each in found if images.keys() & each.keys()), {})
        codes, decode = Codes.of(n_classes), read_labels
        if any(_in_colours(file) for file in list(labels.values())[:1]):
            codes, decode = _colour_codes(self.classes(root), root), read_colours
        return pairs_of(images, labels, f"{label_folder}/{{}}.png", codes, decode)


def read_classes(path: Path) -> ClassList:
    """The names, and colours if all lines have one.

    Raises:
        DataError: unreadable, a class twice, an impossible colour, or colours for some only.
    """
    names: list[str] = []
    palette: list[Colour] = []
    for line in read_names(path):
        match = _LINE.fullmatch(line)
        assert match is not None  # any line that is not empty has a name
        names.append(match["name"])
        if match["hex"]:
            red, green, blue = bytes.fromhex(match["hex"])
            palette.append((red, green, blue))
        elif match["rgb"]:
            red, green, blue = map(int, re.findall(r"\d+", match["rgb"]))
            palette.append((red, green, blue))
    twice = {name for name in names if names.count(name) > 1}
    if twice or not names:
        raise DataError(f"{path}: expected distinct names of classes, one a line; got {names}")
    if len(palette) not in (0, len(names)) or any(max(colour) > 255 for colour in palette):
        raise DataError(f"{path}: expected a colour such as #804080 or 128 64 128 in every line")
    return ClassList(tuple(names), tuple(palette))


def _folders(root: Path) -> dict[str, tuple[Path, Path]]:
    """Split -> (folder of pictures, folder of label maps)."""
    found: dict[str, tuple[Path, Path]] = {}
    below = sorted(p for p in root.iterdir() if p.is_dir())
    for annotated in below:
        if annotated.name.endswith(ANNOT):
            name = annotated.name.removesuffix(ANNOT).rstrip("_-")
            if (root / name).is_dir() and name:
                found[name] = (root / name, annotated)
    for images in (p for p in below if p.name in IMAGES):
        for labels in (p for p in below if p.name in LABELS):
            if pictures_in(images):
                found["train"] = (images, labels)
            for folder in sorted(images.iterdir()):
                if folder.is_dir() and (labels / folder.name).is_dir():
                    found[folder.name] = (folder, labels / folder.name)
    return found


def _in_colours(path: Path) -> bool:
    try:
        return has_colours(path)
    except UnreadablePicture as error:
        raise DataError(str(error)) from error


def _colour_codes(classes: ClassList | None, root: Path) -> Codes:
    """Each class's colour as its number; black is void unless it is a class's.

    Raises:
        DataError: no colours are known.
    """
    if classes is None or not classes.palette:
        raise DataError(
            f"{root}: its label maps are pictures in colours; expected {root / CLASSES} with a "
            f"colour for each class, such as: road #804080"
        )
    numbers = pack(np.array(classes.palette, np.uint8)).tolist()
    return Codes({0: IGNORE, **{number: index for index, number in enumerate(numbers)}})
