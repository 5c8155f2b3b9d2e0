"""What all layouts of pictures share: how they are asked, the registry, common searches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from vocalsep.data.pictures.codes import Codes
from vocalsep.data.pictures.pair import Decode, Pair
from vocalsep.errors import DataError
from vocalsep.images.labels import Colour, read_labels
from vocalsep.images.read import SUFFIXES
from vocalsep.registry import Registry


@dataclass(frozen=True)
class ClassList:
    """The classes of a set.

    Attributes:
        names: in the order of their indices.
        palette: a colour each; empty: none is customary.
    """

    names: tuple[str, ...]
    palette: tuple[Colour, ...] = ()


class PictureLayout(ABC):
    """How the pictures and label maps of a data set lie."""

    summary: ClassVar[str]  # one line for the help text

    @abstractmethod
    def matches(self, root: Path) -> bool:
        """Whether `root` looks like it; for guessing."""

    @abstractmethod
    def splits(self, root: Path) -> list[str]:
        """The parts that the set is divided into."""

    @abstractmethod
    def classes(self, root: Path) -> ClassList | None:
        """The classes; None where the set does not say.

        Raises:
            DataError: its list of classes is damaged.
        """

    @abstractmethod
    def find(self, root: Path, split: str, n_classes: int) -> list[Pair]:
        """All pictures of one of the `splits`, in a fixed order.

        Args:
            n_classes: how many the set has.

        Raises:
            DataError: a label map is missing, or a list is damaged.
        """


PICTURE_LAYOUTS: Registry[Callable[[], PictureLayout]] = Registry("picture layout")


def pictures_in(folder: Path) -> list[Path]:
    """Pictures right in a folder, sorted by name; hidden files do not count."""
    if not folder.is_dir():
        return []
    return sorted(
        p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith(".")
    )


def read_names(path: Path) -> list[str]:
    """The names in a list, one a line.

    Raises:
        DataError: the list is missing or no text.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as a list of names: {error}") from error
    return [line.strip() for line in lines if line.strip()]


def by_stem(files: Iterable[Path], ending: str = "") -> dict[str, Path]:
    """Files by their names less suffix and `ending`; files that end otherwise do not count."""
    return {file.stem.removesuffix(ending): file for file in files if file.stem.endswith(ending)}


def pairs_of(
    images: Mapping[str, Path],
    labels: Mapping[str, Path],
    expected: str,
    codes: Codes,
    decode: Decode = read_labels,
) -> list[Pair]:
    """Pictures with the label maps of the same names.

    Args:
        images, labels: name -> file.
        expected: where a label map should be, with {} for the name; for messages.
        codes, decode: see `Pair`.

    Raises:
        DataError: a picture has no label map.
    """
    for name, image in images.items():
        if name not in labels:
            raise DataError(
                f"{image}: it has no label map; expected {expected.format(name)}; add it or "
                f"remove the picture"
            )
    return [Pair(name, image, labels[name], codes, decode) for name, image in images.items()]


def listed(names: Iterable[str], files: Mapping[str, Path], where: Path) -> dict[str, Path]:
    """The files that a list names, in its order.

    Raises:
        DataError: one is not there.
    """
    found = {}
    for name in names:
        if name not in files:
            raise DataError(f"{where}: lists {name}, of which there is no picture; get it again")
        found[name] = files[name]
    return found
