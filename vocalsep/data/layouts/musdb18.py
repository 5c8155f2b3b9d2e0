"""MUSDB18 (Rafii et al., 2017): `train/` and `test/` with one `.stem.mp4` a song.

Five AAC tracks a file: mixture, drums, bass, other, vocals. 100 songs are for training, of which 14
are by convention (the list of the `musdb` package) kept for validation; the 50 of `test` are only
for the final evaluation.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from vocalsep.data.layouts.base import LAYOUTS, Layout, one_file, relative
from vocalsep.data.sources import MIXTURE, StemSource
from vocalsep.errors import DataError

LICENCE = "MUSDB18: academic use only"
TRACKS = (MIXTURE, "drums", "bass", "other", "vocals")
SUFFIX = ".stem.mp4"
VALIDATION_SONGS = frozenset(
    {
        "ANiMAL - Rockshow",
        "Actions - One Minute Smile",
        "Alexander Ross - Goodbye Bolero",
        "Clara Berry And Wooldog - Waltz For My Victims",
        "Fergessen - Nos Palpitants",
        "James May - On The Line",
        "Johnny Lokke - Promises & Lies",
        "Leaf - Summerghost",
        "Meaxic - Take A Step",
        "Patrick Talbot - A Reason To Leave",
        "Skelpolu - Human Mistakes",
        "Traffic Experiment - Sirens",
        "Triviul - Angelsaint",
        "Young Griffo - Pennies",
    }
)


@LAYOUTS.register("musdb18")
class Musdb18(Layout):
    """Five-stream `.stem.mp4` files."""

    summary: ClassVar[str] = "train/ and test/ with five-track .stem.mp4 files"

    def matches(self, root: Path) -> bool:
        """Whether there is a stem file where one should be."""
        return any(any((root / half).glob(f"*{SUFFIX}")) for half in ("train", "test"))

    def stems(self, root: Path, split: str) -> list[StemSource]:
        """Mixture and four stems of every song of the split."""
        names = {path.name.removesuffix(SUFFIX): path for path in half_of(root, split, SUFFIX)}
        return [
            StemSource(
                target, "musdb18", name, f"{relative(path, root)}#{number}",
                one_file(path, number), LICENCE,
            )
            for name, path in names.items()
            if in_split(name, split)
            for number, target in enumerate(TRACKS)
        ]  # fmt: skip


def half_of(root: Path, split: str, suffix: str = "") -> list[Path]:
    """What lies in train/ (which holds the validation songs, too) or test/, sorted.

    Raises:
        DataError: that folder is missing.
    """
    half = root / ("test" if split == "test" else "train")
    if not half.is_dir():
        raise DataError(f"{root}: no folder {half.name}/ in it; name the folder that holds it")
    return sorted(half.glob(f"[!.]*{suffix}"))


def in_split(name: str, split: str) -> bool:
    """Whether a song of the half belongs to the split.

    >>> [in_split("Leaf - Summerghost", split) for split in ("train", "valid", "train+valid")]
    [False, True, True]
    """
    if split in ("test", "train+valid"):
        return True
    return (name in VALIDATION_SONGS) == (split == "valid")
