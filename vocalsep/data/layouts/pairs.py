"""Songs and their instrumental versions: the voice is the difference.

    root/[train/ | valid/]<song>/mixture.mp3, instrumental.mp3
    root/[train/ | valid/]<song>.mp3, <song> (instrumental).mp3

Both must be the same master, at lag 0 and at the same level; decoding checks it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar, TypeAlias

from vocalsep.data.layouts.base import (
    LAYOUTS,
    Layout,
    audio_files,
    one_file,
    relative,
    split_folders,
    subfolders,
)
from vocalsep.data.sources import MIXTURE, AudioFile, StemSource, Summand
from vocalsep.errors import DataError

Pair: TypeAlias = tuple[str, Path, Path]  # song, mixture, instrumental

_INSTRUMENTAL = re.compile(
    r"^(?:(?P<song>.*?)[ ._-]*[(\[]?)?(?:instrumental|karaoke|off vocal)[)\]]?$", re.IGNORECASE
)
_MIXTURES = {"mixture", "mix", "original", "full", "song", "audio"}


@LAYOUTS.register("pairs")
class Pairs(Layout):
    """Mixture and instrumental."""

    summary: ClassVar[str] = "mixture + instrumental of each song; the voice is the difference"

    def matches(self, root: Path) -> bool:
        """Whether some instrumental has its mixture."""
        return root.is_dir() and any(_pairs_in(split) for split in (root, *subfolders([root])))

    def stems(self, root: Path, split: str) -> list[StemSource]:
        """Mixture, accompaniment and the difference as voice, of every pair.

        Raises:
            DataError: there is no pair.
        """
        pairs = [pair for folder in split_folders(root, split) for pair in _pairs_in(folder)]
        if not pairs:
            raise DataError(
                f"{root}: no pair in it; expected e.g. song/mixture.mp3 and song/instrumental.mp3, "
                f'or "song.mp3" and "song (instrumental).mp3"'
            )
        found = []
        for song, mixture, instrumental in pairs:
            voice = (
                Summand((AudioFile(mixture),)),
                Summand((AudioFile(instrumental),), sign=-1),
            )
            label = f"{relative(mixture, root)} - {relative(instrumental, root)}"
            music = relative(instrumental, root)
            whole = relative(mixture, root)
            found += [
                StemSource(MIXTURE, root.name, song, whole, one_file(mixture)),
                StemSource("vocals", root.name, song, label, voice),
                StemSource("accompaniment", root.name, song, music, one_file(instrumental)),
            ]
        return found


def _pairs_in(folder: Path) -> list[Pair]:
    """Pairs of files of a folder, and the pair in each folder below it."""
    found = []
    files = {path.stem.lower(): path for path in audio_files(folder)}
    for stem, path in files.items():
        match = _INSTRUMENTAL.match(stem)
        mixture = files.get(match["song"]) if match and match["song"] else None
        if mixture is not None:
            found.append((mixture.stem, mixture, path))
    for song in subfolders([folder]):
        inside = {path.stem.lower(): path for path in audio_files(song)}
        instrumentals = [path for stem, path in inside.items() if _INSTRUMENTAL.match(stem)]
        mixtures = [path for stem, path in inside.items() if stem in _MIXTURES]
        if len(inside) == 2 and len(instrumentals) == len(mixtures) == 1:
            found.append((song.name, mixtures[0], instrumentals[0]))
    return found
