"""Cityscapes (Cordts et al., 2016), as published:

    root/leftImg8bit/<split>/<city>/*_leftImg8bit.png
    root/gtFine/<split>/<city>/*_gtFine_labelIds.png    (gtCoarse for train_extra)

Of its 34 label ids 19 are evaluated; the others are void.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from vocalsep.data.pictures.codes import IGNORE, Codes
from vocalsep.data.pictures.layouts.base import (
    PICTURE_LAYOUTS,
    ClassList,
    PictureLayout,
    by_stem,
    pairs_of,
)
from vocalsep.data.pictures.pair import Pair

N_IDS = 34
#: Label id, name and colour of the evaluated classes, in the order of their train ids.
EVALUATED = (
    (7, "road", (128, 64, 128)), (8, "sidewalk", (244, 35, 232)), (11, "building", (70, 70, 70)),
    (12, "wall", (102, 102, 156)), (13, "fence", (190, 153, 153)), (17, "pole", (153, 153, 153)),
    (19, "traffic light", (250, 170, 30)), (20, "traffic sign", (220, 220, 0)),
    (21, "vegetation", (107, 142, 35)), (22, "terrain", (152, 251, 152)),
    (23, "sky", (70, 130, 180)), (24, "person", (220, 20, 60)), (25, "rider", (255, 0, 0)),
    (26, "car", (0, 0, 142)), (27, "truck", (0, 0, 70)), (28, "bus", (0, 60, 100)),
    (31, "train", (0, 80, 100)), (32, "motorcycle", (0, 0, 230)), (33, "bicycle", (119, 11, 32)),
)  # fmt: skip
IMAGES = "leftImg8bit"
LABELS = ("gtFine", "gtCoarse")


@PICTURE_LAYOUTS.register("cityscapes")
class Cityscapes(PictureLayout):
    """Street scenes of 50 cities."""

    summary: ClassVar[str] = "Cityscapes: leftImg8bit/ and gtFine/ with folders of cities"

    def matches(self, root: Path) -> bool:
        """Whether pictures and label maps are there."""
        return bool(self.splits(root))

    def splits(self, root: Path) -> list[str]:
        """Folders of pictures with one of label maps."""
        folders = sorted(p.name for p in (root / IMAGES).glob("*") if p.is_dir())
        return [name for name in folders if any((root / kind / name).is_dir() for kind in LABELS)]

    def classes(self, root: Path) -> ClassList:
        """The 19 that are evaluated."""
        return ClassList(
            tuple(name for _, name, _ in EVALUATED), tuple(colour for *_, colour in EVALUATED)
        )

    def find(self, root: Path, split: str, n_classes: int) -> list[Pair]:
        """Every city of the split."""
        images = (root / IMAGES / split).glob(f"*/*_{IMAGES}.png")
        kind = next(kind for kind in LABELS if (root / kind / split).is_dir())
        ending = f"_{kind}_labelIds"
        labels = by_stem((root / kind / split).glob(f"*/*{ending}.png"), ending)
        # −1, the number plates, is drawn as 255.
        void = dict.fromkeys([*range(N_IDS), 255], IGNORE)
        codes = Codes({**void, **{number: k for k, (number, *_) in enumerate(EVALUATED)}})
        expected = f"{root / kind / split}/<city>/{{}}{ending}.png"
        return pairs_of(by_stem(sorted(images), f"_{IMAGES}"), labels, expected, codes)
