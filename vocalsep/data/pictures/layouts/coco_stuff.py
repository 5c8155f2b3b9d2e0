"""COCO-Stuff (Caesar et al., 2018): one map a picture for things and stuff, as its page unpacks it:

    root/images/train2017/*.jpg    root/annotations/train2017/*.png

or the two archives side by side:

    root/train2017/*.jpg           root/stuffthingmaps/train2017/*.png

A pixel is the category's id less 1, 0 to 181; 255 is unlabelled. 11 of the 91 things of COCO were
never annotated, so that 171 classes remain, which are numbered without gaps here.
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
    pictures_in,
)
from vocalsep.data.pictures.pair import Pair

#: Ids of the things that have no pixels: street sign, hat, shoe, eye glasses, plate, mirror,
#: window, desk, door, blender, hair brush.
GAPS = (12, 26, 29, 30, 45, 66, 68, 69, 71, 83, 91)
IDS = tuple(number for number in range(1, 183) if number not in GAPS)
_NAMES = """
    person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light,
    fire hydrant, stop sign, parking meter, bench, bird, cat, dog, horse, sheep, cow, elephant,
    bear, zebra, giraffe, backpack, umbrella, handbag, tie, suitcase, frisbee, skis, snowboard,
    sports ball, kite, baseball bat, baseball glove, skateboard, surfboard, tennis racket, bottle,
    wine glass, cup, fork, knife, spoon, bowl, banana, apple, sandwich, orange, broccoli, carrot,
    hot dog, pizza, donut, cake, chair, couch, potted plant, bed, dining table, toilet, tv, laptop,
    mouse, remote, keyboard, cell phone, microwave, oven, toaster, sink, refrigerator, book, clock,
    vase, scissors, teddy bear, hair drier, toothbrush,
    banner, blanket, branch, bridge, building-other, bush, cabinet, cage, cardboard, carpet,
    ceiling-other, ceiling-tile, cloth, clothes, clouds, counter, cupboard, curtain, desk-stuff,
    dirt, door-stuff, fence, floor-marble, floor-other, floor-stone, floor-tile, floor-wood,
    flower, fog, food-other, fruit, furniture-other, grass, gravel, ground-other, hill, house,
    leaves, light, mat, metal, mirror-stuff, moss, mountain, mud, napkin, net, paper, pavement,
    pillow, plant-other, plastic, platform, playingfield, railing, railroad, river, road, rock,
    roof, rug, salad, sand, sea, shelf, sky-other, skyscraper, snow, solid-other, stairs, stone,
    straw, structural-other, table, tent, textile-other, towel, tree, vegetable, wall-brick,
    wall-concrete, wall-other, wall-panel, wall-stone, wall-tile, wall-wood, water-other,
    waterdrops, window-blind, window-other, wood
"""
CLASSES = tuple(name.strip() for name in _NAMES.split(","))
#: (pictures, label maps), each with a folder a split.
PLACES = (("images", "annotations"), ("", "stuffthingmaps"), ("images", "stuffthingmaps"))


@PICTURE_LAYOUTS.register("coco_stuff")
class CocoStuff(PictureLayout):
    """Things and stuff in PNG maps."""

    summary: ClassVar[str] = "COCO-Stuff: images/train2017/ and annotations/train2017/*.png"

    def matches(self, root: Path) -> bool:
        """Whether there are folders of the names of COCO's."""
        return bool(_folders(root))

    def splits(self, root: Path) -> list[str]:
        """The folders' names without their year."""
        return list(_folders(root))

    def classes(self, root: Path) -> ClassList:
        """80 things and 91 kinds of stuff."""
        return ClassList(CLASSES)

    def find(self, root: Path, split: str, n_classes: int) -> list[Pair]:
        """Every picture of the split."""
        images, labels = _folders(root)[split]
        codes = Codes({255: IGNORE, **{number - 1: k for k, number in enumerate(IDS)}})
        return pairs_of(
            by_stem(pictures_in(images)), by_stem(pictures_in(labels)), f"{labels}/{{}}.png", codes
        )


def _folders(root: Path) -> dict[str, tuple[Path, Path]]:
    """Split -> (pictures, label maps)."""
    found = {}
    for images, labels in PLACES:
        for folder in sorted((root / images).glob("*20[0-9][0-9]")):
            maps = root / labels / folder.name
            if maps.is_dir() and any(maps.glob("*.png")):
                found[folder.name[:-4]] = (folder, maps)
    return found
