"""PASCAL VOC (Everingham et al., 2010), as its development kit lies below VOCdevkit/VOC2012:

    root/JPEGImages/*.jpg    root/SegmentationClass/*.png    root/ImageSets/Segmentation/train.txt

20 classes and background; 255 is the border around objects. The larger training set that uses the
boundaries of Hariharan et al. (SBD, 2011) is read as it is usually shared: label maps in
SegmentationClassAug/, and a list of any name (such as trainaug.txt) of names or of lines
`/JPEGImages/a.jpg /SegmentationClassAug/a.png`. Where both folders have a label map, that of VOC
itself counts, which is the finer one.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

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
from vocalsep.data.pictures.pair import Pair
from vocalsep.images.palette import voc_palette

CLASSES = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair",
    "cow", "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa",
    "train", "tvmonitor",
)  # fmt: skip
CLASS_LIST = ClassList(CLASSES, tuple(voc_palette(len(CLASSES))))
IMAGES = "JPEGImages"
LABELS = ("SegmentationClassAug", "SegmentationClass")  # the later ones count more
LISTS = ("ImageSets/SegmentationAug", "ImageSets/Segmentation")


@PICTURE_LAYOUTS.register("voc")
class Voc(PictureLayout):
    """PASCAL VOC and its augmented training set."""

    summary: ClassVar[str] = "PASCAL VOC: JPEGImages/, SegmentationClass/, ImageSets/Segmentation/"

    def matches(self, root: Path) -> bool:
        """Whether pictures and lists are there."""
        return (root / IMAGES).is_dir() and bool(self.splits(root))

    def splits(self, root: Path) -> list[str]:
        """The lists."""
        return sorted(_lists(root))

    def classes(self, root: Path) -> ClassList:
        """20 classes and background."""
        return CLASS_LIST

    def find(self, root: Path, split: str, n_classes: int) -> list[Pair]:
        """The listed pictures."""
        where = _lists(root)[split]
        names = [Path(line.split()[0]).stem for line in read_names(where)]
        images = listed(names, by_stem(pictures_in(root / IMAGES)), where)
        labels = {
            name: file
            for folder in LABELS
            for name, file in by_stem(pictures_in(root / folder)).items()
        }
        expected = f"{root / LABELS[-1]}/{{}}.png"
        return pairs_of(images, labels, expected, Codes.of(n_classes))


def _lists(root: Path) -> dict[str, Path]:
    return {file.stem: file for folder in LISTS for file in sorted((root / folder).glob("*.txt"))}
