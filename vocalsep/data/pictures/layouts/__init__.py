"""Sets of pictures as they lie on disk, one layout a file; `read_pictures` finds out which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vocalsep.data.pictures.layouts import (
    cityscapes,
    coco_panoptic,
    coco_stuff,
    egohands,
    folder,
    mapillary,
    sbd,
    sunrgbd,
    voc,
    volumes,
)
from vocalsep.data.pictures.layouts.base import PICTURE_LAYOUTS, ClassList, PictureLayout
from vocalsep.data.pictures.pair import Pair
from vocalsep.data.pictures.splits import Split, parse_splits
from vocalsep.errors import DataError
from vocalsep.images.labels import Colour
from vocalsep.images.palette import voc_palette
from vocalsep.registry import did_you_mean

__all__ = [
    "PICTURE_LAYOUTS",
    "ClassList",
    "PictureLayout",
    "PictureSet",
    "Wanted",
    "cityscapes",
    "coco_panoptic",
    "coco_stuff",
    "egohands",
    "folder",
    "guess_picture_layout",
    "mapillary",
    "read_pictures",
    "sbd",
    "sunrgbd",
    "voc",
    "volumes",
]

#: Special ones before general ones.
GUESSES = (
    "voc",
    "sbd",
    "cityscapes",
    "mapillary",
    "sunrgbd",
    "egohands",
    "coco_panoptic",
    "coco_stuff",
    "volumes",
    "folder",
)


@dataclass(frozen=True)
class Wanted:
    """What of a set is wanted.

    Attributes:
        split: one of its splits, or several, or a slice: "train+val", "train[:90%]".
        classes: names of the classes, in the order of the labels that are wanted for them; what
            else the set knows becomes void. Empty: all of the set's, in its own order.
        ignore: values of label maps that are no class: they become void.
    """

    split: str = "train"
    classes: Sequence[str] = ()
    ignore: Sequence[int] = ()


@dataclass(frozen=True)
class PictureSet:
    """Pictures with labels.

    Attributes:
        layout: its name.
        classes: names, in the order of the labels.
        palette: a colour each.
        pairs: the pictures, at least one.
    """

    layout: str
    classes: tuple[str, ...]
    palette: tuple[Colour, ...]
    pairs: tuple[Pair, ...]


def guess_picture_layout(root: Path) -> str:
    """The name of the layout of a folder.

    Raises:
        DataError: there is nothing at `root`, or it looks like none of them.
    """
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; name the folder that holds the pictures")
    for name in GUESSES:
        if PICTURE_LAYOUTS.build(name, {}).matches(root):
            return name
    raise DataError(
        f"{root}: no set of pictures and label maps in it; expected one of the layouts "
        f"{', '.join(GUESSES)}"
    )


def read_pictures(root: Path, layout: str = "", wanted: Wanted | None = None) -> PictureSet:
    """The pictures of a data set; none is decoded.

    Args:
        root: folder.
        layout: its name; empty: guessed.
        wanted: None: all classes of the split "train".

    Raises:
        DataError: there is none, the split is unknown or empty, a label map is missing, or a
            class is not one of the set's.
        RecipeError: unknown layout.
    """
    wanted = wanted or Wanted()
    name = layout or guess_picture_layout(root)
    reader: PictureLayout = PICTURE_LAYOUTS.build(name, {})
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; name the folder that holds the pictures")
    try:
        own = reader.classes(root) or _named_by_the_user(root, wanted)
        pairs = [
            pair
            for split in _known_splits(reader, root, wanted.split)
            for pair in split.cut(reader.find(root, split.name, len(own.names)))
        ]
    except OSError as error:
        raise DataError(f"{root}: cannot be read: {error.strerror}") from error
    if not pairs:
        raise DataError(f"{root}: the split {wanted.split} is empty; add pictures and label maps")
    order = _order(root, own.names, wanted.classes or own.names)
    palette = own.palette or tuple(voc_palette(len(own.names)))
    return PictureSet(
        name,
        tuple(own.names[index] for index in order),
        tuple(palette[index] for index in order),
        tuple(_recoded(pairs, order, wanted.ignore)),
    )


def _named_by_the_user(root: Path, wanted: Wanted) -> ClassList:
    if not wanted.classes:
        raise DataError(
            f"{root}: does not say what its classes are; name them, or list them in "
            f"{root / folder.CLASSES}"
        )
    return ClassList(tuple(wanted.classes))


def _known_splits(reader: PictureLayout, root: Path, text: str) -> list[Split]:
    known, splits = reader.splits(root), parse_splits(text)
    for split in splits:
        if split.name not in known:
            hint = did_you_mean(split.name, known)
            raise DataError(f"{root}: it has no split {split.name!r}: {hint}")
    return splits


def _order(root: Path, names: Sequence[str], wanted: Sequence[str]) -> list[int]:
    for name in wanted:
        if name not in names:
            hint = did_you_mean(name, list(names))
            raise DataError(f"{root}: it has no class {name!r}: {hint}")
    return [names.index(name) for name in wanted]


def _recoded(pairs: list[Pair], order: list[int], ignore: Sequence[int]) -> list[Pair]:
    """Pairs with codes for the wanted classes; those that share codes go on sharing them."""
    codes = {id(pair.codes): pair.codes.select(order, ignore) for pair in pairs}
    return [replace(pair, codes=codes[id(pair.codes)]) for pair in pairs]
