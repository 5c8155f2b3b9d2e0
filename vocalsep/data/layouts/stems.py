"""A folder per stem: unpaired voices and music, which only mixing brings together.

    root/[train/ | valid/]vocals/**/*.wav, accompaniment/**/*.ogg, …

The group of a file is its first folder below the stem's, or the stem's name.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from vocalsep.data.layouts.base import (
    LAYOUTS,
    Layout,
    one_file,
    relative,
    split_folders,
    subfolders,
)
from vocalsep.data.layouts.songs import STEMS
from vocalsep.data.sources import StemSource, is_audio

# What people call these folders.
_NAMES = {
    "voice": "vocals",
    "voices": "vocals",
    "vocal": "vocals",
    "singing": "vocals",
    "music": "accompaniment",
    "instrumental": "accompaniment",
    "instrumentals": "accompaniment",
    "background": "accompaniment",
}


@LAYOUTS.register("stems")
class Stems(Layout):
    """A folder per stem."""

    summary: ClassVar[str] = "a folder per stem (vocals/, accompaniment/ …) of unpaired files"

    def matches(self, root: Path) -> bool:
        """Whether a folder is called like a stem."""
        if not root.is_dir():
            return False
        folders = [
            folder for split in (root, *subfolders([root])) for folder in subfolders([split])
        ]
        return any(target_of(folder) in STEMS for folder in folders)

    def stems(self, root: Path, split: str) -> list[StemSource]:
        """Every sound file below every stem's folder."""
        found = []
        for folder in subfolders(split_folders(root, split)):
            for path in sorted(p for p in folder.rglob("*") if p.is_file() and is_audio(p)):
                target, below = target_of(folder), path.relative_to(folder).parts
                group = below[0] if len(below) > 1 else target
                found.append(StemSource(target, group, "", relative(path, root), one_file(path)))
        return found


def target_of(folder: Path) -> str:
    """The stem that a folder is called after."""
    name = folder.name.lower()
    return _NAMES.get(name, name)
