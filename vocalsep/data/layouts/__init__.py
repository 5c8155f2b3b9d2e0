"""Data sets as they lie on disk, one layout a file; `read_stems` finds out which one it is."""

from __future__ import annotations

from pathlib import Path

from vocalsep.data.layouts import (
    manifest,
    musdb18,
    musdb18hq,
    pairs,
    songs,
    stems,
    webdataset,
)
from vocalsep.data.layouts.base import LAYOUTS, SPLITS, Layout
from vocalsep.data.sources import StemSource
from vocalsep.errors import DataError

__all__ = [
    "LAYOUTS",
    "SPLITS",
    "Layout",
    "guess_layout",
    "manifest",
    "musdb18",
    "musdb18hq",
    "pairs",
    "read_stems",
    "songs",
    "stems",
    "webdataset",
]

#: Special ones before general ones.
GUESSES = ("manifest", "webdataset", "musdb18", "musdb18hq", "pairs", "songs", "stems")


def guess_layout(root: Path) -> str:
    """The name of the layout of a folder or list.

    Raises:
        DataError: there is nothing at `root`, or it looks like none of them.
    """
    if not root.exists():
        raise DataError(f"{root}: no such folder or list")
    for name in GUESSES:
        if LAYOUTS.build(name, {}).matches(root):
            return name
    raise DataError(
        f"{root}: no data set in it that vocalsep knows; expected one of the layouts "
        f"{', '.join(GUESSES)}"
    )


def read_stems(root: Path, layout: str = "", split: str = "train") -> list[StemSource]:
    """All stems of a data set; nothing is decoded.

    Args:
        root: folder or list.
        layout: its name; empty: guessed.
        split: train | valid | train+valid | test, where the set is divided.

    Raises:
        DataError: there is none, it is empty, or something in it is missing.
        RecipeError: unknown layout.
    """
    if split not in SPLITS:
        raise DataError(f"split is {split!r}: expected one of {', '.join(SPLITS)}")
    reader: Layout = LAYOUTS.build(layout or guess_layout(root), {})
    if not root.exists():
        raise DataError(f"{root}: no such folder or list")
    try:
        found = reader.stems(root, split)
    except OSError as error:
        raise DataError(f"{root}: cannot be read: {error.strerror}") from error
    if not found:
        raise DataError(f"{root}: the {split} split is empty; add songs, or name another layout")
    return found
