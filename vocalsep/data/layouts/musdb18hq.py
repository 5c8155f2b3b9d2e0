"""MUSDB18-HQ (Rafii et al., 2019): `train/` and `test/` with a folder of five WAV files a song.

The songs, the stems and the splits are those of MUSDB18, but nothing went through AAC.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from vocalsep.data.layouts.base import LAYOUTS, Layout, one_file, relative
from vocalsep.data.layouts.musdb18 import LICENCE, TRACKS, half_of, in_split
from vocalsep.data.sources import StemSource
from vocalsep.errors import DataError


@LAYOUTS.register("musdb18hq")
class Musdb18Hq(Layout):
    """Five WAV files a song."""

    summary: ClassVar[str] = "train/ and test/ with folders of mixture, drums, bass, other, vocals"

    def matches(self, root: Path) -> bool:
        """Whether there is a folder with all five files where one should be."""
        halves = [root / half for half in ("train", "test")]
        songs = (song for half in halves if half.is_dir() for song in half.iterdir())
        return any(all((song / f"{name}.wav").is_file() for name in TRACKS) for song in songs)

    def stems(self, root: Path, split: str) -> list[StemSource]:
        """Mixture and four stems of every song of the split.

        Raises:
            DataError: a file of a song is missing.
        """
        songs = [path for path in half_of(root, split) if path.is_dir()]
        found = []
        for song in songs:
            if not in_split(song.name, split):
                continue
            for target in TRACKS:
                path = song / f"{target}.wav"
                if not path.is_file():
                    raise DataError(f"{path}: no such file; copy it from MUSDB18-HQ again")
                found.append(
                    StemSource(
                        target,
                        "musdb18hq",
                        song.name,
                        relative(path, root),
                        one_file(path),
                        LICENCE,
                    )
                )
        return found
