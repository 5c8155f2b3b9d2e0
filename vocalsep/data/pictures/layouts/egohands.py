"""EgoHands (Bambach et al., 2015), as published: a folder a video, 100 labelled frames in each.

    root/_LABELLED_SAMPLES/<video>/frame_0011.jpg …
    root/_LABELLED_SAMPLES/<video>/polygons.mat      outlines of up to four hands in each frame

The classes are background and whose hand it is; ask for others by name to leave some out. Lists
`root/train.txt`, `root/val.txt`, … with names of videos divide the set; without any all of it is
`train`.
"""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from vocalsep.data.pictures.codes import Codes
from vocalsep.data.pictures.layouts.base import (
    PICTURE_LAYOUTS,
    ClassList,
    PictureLayout,
    pictures_in,
    read_names,
)
from vocalsep.data.pictures.mat import Value, read_mat
from vocalsep.data.pictures.pair import Pair
from vocalsep.errors import DataError
from vocalsep.images.palette import voc_palette
from vocalsep.images.read import probe_picture

SAMPLES = "_LABELLED_SAMPLES"
POLYGONS = "polygons.mat"
#: Fields of the file, in the order of the classes from 1 on.
HANDS = ("myleft", "myright", "yourleft", "yourright")
CLASSES = ("background", "my left hand", "my right hand", "your left hand", "your right hand")


@PICTURE_LAYOUTS.register("egohands")
class EgoHands(PictureLayout):
    """Outlines of hands."""

    summary: ClassVar[str] = "EgoHands: _LABELLED_SAMPLES/<video>/ with frames and polygons.mat"

    def matches(self, root: Path) -> bool:
        """Whether its folder of samples is there."""
        return (root / SAMPLES).is_dir()

    def splits(self, root: Path) -> list[str]:
        """The lists, or the one split of all videos."""
        return sorted(file.stem for file in root.glob("*.txt")) or ["train"]

    def classes(self, root: Path) -> ClassList:
        """Background and four hands."""
        return ClassList(CLASSES, tuple(voc_palette(len(CLASSES))))

    def find(self, root: Path, split: str, n_classes: int) -> list[Pair]:
        """Every frame of the split's videos."""
        videos = sorted(p for p in (root / SAMPLES).iterdir() if p.is_dir())
        where = root / f"{split}.txt"
        if where.is_file():
            known = {video.name: video for video in videos}
            names = read_names(where)
            for name in names:
                if name not in known:
                    raise DataError(f"{where}: lists the video {name}, which is not in {SAMPLES}/")
            videos = [known[name] for name in names]
        codes = Codes.of(n_classes, ())
        return [pair for video in videos for pair in _frames(video, codes)]


def _frames(video: Path, codes: Codes) -> list[Pair]:
    """The frames of a video, in order as the outlines are."""
    labels = video / POLYGONS
    if not labels.is_file():
        raise DataError(f"{video}: lacks {POLYGONS}; get it again")
    return [
        Pair(f"{video.name}/{image.stem}", image, labels, codes, partial(draw_hands, image, number))
        for number, image in enumerate(pictures_in(video))
    ]


def draw_hands(image: Path, number: int, labels: Path) -> npt.NDArray[np.uint8]:
    """The outlines of a frame, filled, (H, W) numbers of classes.

    Args:
        image: the frame, for its size.
        number: of the frame in its video.

    Raises:
        DataError: the file has no such frame.
    """
    polygons = _polygons(labels)
    if number >= len(polygons):
        raise DataError(
            f"{labels}: has outlines of {len(polygons)} frames, expected one for each picture "
            f"beside it, such as {image.name}; remove those without, or get it again"
        )
    info = probe_picture(image)
    canvas = Image.new("L", (info.width, info.height))
    draw = ImageDraw.Draw(canvas)
    for index, field in enumerate(HANDS, 1):
        points = np.asarray(polygons[number].get(field, ()), np.float64)
        if points.ndim == 2 and len(points) >= 3:
            draw.polygon([(x - 1, y - 1) for x, y in points], fill=index)  # MATLAB counts from 1
    return np.asarray(canvas)


@lru_cache(maxsize=8)
def _polygons(path: Path) -> list[dict[str, Value]]:
    """A video's outlines; frames of one video are often read in a row."""
    polygons = read_mat(path).get("polygons")
    if not isinstance(polygons, list) or not all(isinstance(each, dict) for each in polygons):
        raise DataError(f"{path}: lacks the structure polygons; get it again")
    return polygons
