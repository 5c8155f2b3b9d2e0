"""Folders of volumes and label maps of the same names:

    root/images/<split>/*.nii.gz   root/labels/<split>/*.nii.gz
    root/imagesTr/*.nii.gz         root/labelsTr/*.nii.gz       (Medical Segmentation Decathlon)

Files are NIfTI or NumPy arrays, mixed as you like; see `vocalsep/images/volume.py`. The second
kind has one part only: every fifth volume is the split "val", the others are "train", which is one
of the folds that nnU-Net trains. Names of classes are those of `root/dataset.json` (its "labels",
either way round: {"0": "background"} or {"background": 0}) or of `root/classes.txt`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

from vocalsep.data.pictures.codes import Codes
from vocalsep.data.pictures.layouts.base import (
    PICTURE_LAYOUTS,
    ClassList,
    PictureLayout,
    pairs_of,
)
from vocalsep.data.pictures.layouts.folder import CLASSES, read_classes
from vocalsep.data.pictures.pair import Pair
from vocalsep.errors import DataError
from vocalsep.images.volume import is_volume, read_volume_labels, stem_of

PARTS = ("images", "labels")
ONE_PART = ("imagesTr", "labelsTr")
DATASET = "dataset.json"
N_FOLDS = 5
CHANNEL = "_0000"  # ending of the first channel's file in nnU-Net's own folders


@PICTURE_LAYOUTS.register("volumes")
class Volumes(PictureLayout):
    """Volumes and label maps in folders of their own."""

    summary: ClassVar[str] = "volumes: images/<split>/ and labels/<split>/, or imagesTr/, labelsTr/"

    def matches(self, root: Path) -> bool:
        """Whether there is a split with volumes."""
        return bool(self.splits(root))

    def splits(self, root: Path) -> list[str]:
        """Folders of volumes that have a counterpart with labels; train and val of one part."""
        if volumes_in(root / ONE_PART[0]):
            return ["train", "val"]
        images = root / PARTS[0]
        folders = sorted(images.iterdir()) if images.is_dir() else []
        return [folder.name for folder in folders if volumes_in(folder)]

    def classes(self, root: Path) -> ClassList | None:
        """What dataset.json or classes.txt lists."""
        if (root / DATASET).is_file():
            return ClassList(read_dataset_classes(root / DATASET))
        return read_classes(root / CLASSES) if (root / CLASSES).is_file() else None

    def find(self, root: Path, split: str, n_classes: int) -> list[Pair]:
        """Every volume of the split."""
        in_parts = not (root / ONE_PART[0]).is_dir()
        image_folder, label_folder = (
            root / kind / split if in_parts else root / whole
            for kind, whole in zip(PARTS, ONE_PART, strict=True)
        )
        pairs = pairs_of(
            volumes_in(image_folder),
            volumes_in(label_folder),
            f"{label_folder}/{{}}.nii.gz",
            Codes.of(n_classes),
            read_volume_labels,
        )
        if in_parts:
            return pairs
        return [pair for n, pair in enumerate(pairs) if (n % N_FOLDS == 0) == (split == "val")]


def volumes_in(folder: Path) -> dict[str, Path]:
    """Volumes right in a folder by name, sorted; hidden files do not count.

    Raises:
        DataError: two of one name, or a channel in a file of its own.
    """
    if not folder.is_dir():
        return {}
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if not is_volume(path) or path.name.startswith("."):
            continue
        name = stem_of(path).removesuffix(CHANNEL)
        if stem_of(path).endswith("_0001"):
            raise DataError(
                f"{path}: a channel in a file of its own; expected all channels in one file with "
                f"four axes"
            )
        if name in found:
            raise DataError(f"{path}: there is {found[name].name} too; expected one of them")
        found[name] = path
    return found


def read_dataset_classes(path: Path) -> tuple[str, ...]:
    """The names of classes 0, 1, … in a dataset.json.

    Raises:
        DataError: damaged, or it does not name all of them.
    """
    try:
        labels = json.loads(path.read_text(encoding="utf-8"))["labels"]
        if all(str(value).isdigit() for value in labels.values()):
            labels = {number: name for name, number in labels.items()}
        names = {int(number): str(name) for number, name in labels.items()}
        return tuple(names[number] for number in range(len(names)))
    except (OSError, ValueError, LookupError, AttributeError) as error:
        raise DataError(
            f'{path}: expected "labels" with a name for each class from 0 on, such as '
            f'{{"background": 0, "tumour": 1}}'
        ) from error
