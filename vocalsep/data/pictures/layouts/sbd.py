"""The Semantic Boundaries Dataset (Hariharan et al., 2011), below benchmark_RELEASE/dataset:

    root/img/*.jpg    root/cls/*.mat    root/train.txt, root/val.txt

The classes are those of PASCAL VOC. Its `val` is not VOC's: most of it is in VOC's `train`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from vocalsep.data.pictures.codes import Codes
from vocalsep.data.pictures.layouts.base import (
    PICTURE_LAYOUTS,
    ClassList,
    PictureLayout,
    by_stem,
    listed,
    pairs_of,
    pictures_in,
    read_names,
)
from vocalsep.data.pictures.layouts.voc import CLASS_LIST
from vocalsep.data.pictures.mat import read_mat
from vocalsep.data.pictures.pair import Pair
from vocalsep.errors import DataError


@PICTURE_LAYOUTS.register("sbd")
class Sbd(PictureLayout):
    """Label maps in MATLAB files."""

    summary: ClassVar[str] = "Semantic Boundaries Dataset: img/, cls/*.mat, train.txt, val.txt"

    def matches(self, root: Path) -> bool:
        """Whether there are MATLAB files and lists."""
        return (root / "img").is_dir() and any((root / "cls").glob("*.mat"))

    def splits(self, root: Path) -> list[str]:
        """The lists."""
        return sorted(file.stem for file in root.glob("*.txt"))

    def classes(self, root: Path) -> ClassList:
        """Those of PASCAL VOC."""
        return CLASS_LIST

    def find(self, root: Path, split: str, n_classes: int) -> list[Pair]:
        """The listed pictures."""
        where = root / f"{split}.txt"
        images = listed(read_names(where), by_stem(pictures_in(root / "img")), where)
        labels = {file.stem: file for file in (root / "cls").glob("*.mat")}
        return pairs_of(images, labels, f"{root}/cls/{{}}.mat", Codes.of(n_classes), read_gtcls)


def read_gtcls(path: Path) -> npt.NDArray[np.integer[Any]]:
    """GTcls.Segmentation of a file in cls/, (H, W).

    Raises:
        DataError: it is not there.
    """
    try:
        labels = read_mat(path)["GTcls"][0]["Segmentation"]
    except (KeyError, IndexError, TypeError) as error:
        raise DataError(f"{path}: lacks GTcls.Segmentation; get it again") from error
    return np.ascontiguousarray(labels)
