"""What all layouts share: how they are asked, the registry, splits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ClassVar

from vocalsep.data.sources import AudioFile, StemSource, Summand, is_audio
from vocalsep.errors import DataError
from vocalsep.registry import Registry

SPLITS = ("train", "valid", "train+valid", "test")
#: Folder names that stand for a split.
_FOLDERS = {"train": ("train",), "valid": ("valid", "validation", "val", "dev"), "test": ("test",)}


class Layout(ABC):
    """How the files of a data set lie."""

    summary: ClassVar[str]  # one line for the help text

    @abstractmethod
    def matches(self, root: Path) -> bool:
        """Whether `root` looks like it; for guessing."""

    @abstractmethod
    def stems(self, root: Path, split: str) -> list[StemSource]:
        """All stems of a split, in a fixed order.

        Raises:
            DataError: the set is empty, or a song lacks what the layout promises.
        """


LAYOUTS: Registry[Callable[[], Layout]] = Registry("layout")


def split_folders(root: Path, split: str) -> list[Path]:
    """Where the songs of a split lie: its folders below `root`, or `root` where there are none.

    Raises:
        DataError: `root` has folders for splits, but not for this one, or is not divided at all
            and something else than all of it is asked for.
    """
    wanted = split.split("+")
    found = {
        name: [root / folder for folder in folders if (root / folder).is_dir()]
        for name, folders in _FOLDERS.items()
    }
    if not any(found.values()):
        if "train" not in wanted:
            raise DataError(f"{root}: it has no split {split!r}; expected a folder {split}/ in it")
        return [root]
    folders = [folder for name in wanted for folder in found[name]]
    if not folders:
        here = ", ".join(name for name, folders in found.items() if folders)
        raise DataError(f"{root}: it has no split {split!r}; it has: {here}")
    return folders


def subfolders(folders: Iterable[Path]) -> list[Path]:
    """Folders right below, sorted by name; hidden ones do not count."""
    below = (p for folder in folders for p in folder.iterdir())
    return sorted(p for p in below if p.is_dir() and not p.name.startswith("."))


def audio_files(folder: Path) -> list[Path]:
    """Sound files right in a folder, sorted by name."""
    return sorted(p for p in folder.iterdir() if p.is_file() and is_audio(p))


def one_file(path: Path, track: int = 0) -> tuple[Summand, ...]:
    """A stem that is one file."""
    return (Summand((AudioFile(path, track),)),)


def relative(path: Path, root: Path) -> str:
    """How lists and messages call a file of the set."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
