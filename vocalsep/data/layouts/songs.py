"""A folder per song with a file per stem, of any names and formats.

    root/[train/ | valid/]<song>/vocals.flac, drums.ogg, …

A file called "mixture" is compared with the sum of the others. Stems are called after their files,
in lower case; the group is the name of the folder that holds the songs.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from vocalsep.data.layouts.base import (
    LAYOUTS,
    Layout,
    audio_files,
    one_file,
    relative,
    split_folders,
    subfolders,
)
from vocalsep.data.sources import MIXTURE, StemSource
from vocalsep.errors import DataError

MIXTURES = {"mixture", "mix", "linear_mixture"}
STEMS = {"vocals", "accompaniment", "drums", "bass", "other", "instrumental"}


@LAYOUTS.register("songs")
class Songs(Layout):
    """A folder per song."""

    summary: ClassVar[str] = "a folder per song with a file per stem, e.g. song/vocals.flac"

    def matches(self, root: Path) -> bool:
        """Whether a folder below holds a file that is called like a stem."""
        return root.is_dir() and any(
            file.stem.lower() in STEMS
            for split in (root, *subfolders([root]))
            for song in subfolders([split])
            for file in audio_files(song)
        )

    def stems(self, root: Path, split: str) -> list[StemSource]:
        """Every file of every song.

        Raises:
            DataError: a song has two files for one stem.
        """
        found = []
        for song in subfolders(split_folders(root, split)):
            seen: dict[str, Path] = {}
            for path in audio_files(song):
                target = target_of(path)
                other = seen.setdefault(target, path)
                if other is not path:
                    raise DataError(f"{path} and {other.name} are both {target!r}; remove one")
                label = relative(path, root)
                found.append(StemSource(target, root.name, song.name, label, one_file(path)))
        return found


def target_of(path: Path) -> str:
    """The stem that a file is called after."""
    name = path.stem.lower()
    if name in MIXTURES:
        return MIXTURE
    return "accompaniment" if name == "instrumental" else name
