"""The recipe of a model that divides pictures or volumes into classes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from vocalsep.recipe.part import PLAIN_NAME, Part, check
from vocalsep.recipe.training import Training

MAX_CLASSES = 255  # labels are bytes, and 255 is what does not count
MAX_TILE = 2**26  # pixels


@dataclass(frozen=True)
class Pixels:
    """What the network sees."""

    ndim: int = 2  # 2: pictures, 3: volumes
    in_channels: int = 3  # 1: grey, 3: RGB; volumes may have any number
    mean: list[float] = field(default_factory=list)  # a channel, of values 0…1; empty: 0
    std: list[float] = field(default_factory=list)  # likewise; empty: 1
    z_score: bool = False  # volumes: bring each channel to mean 0 and deviation 1 over the whole
    spacing: list[float] = field(default_factory=list)  # volumes: distance between neighbours
    # along each axis that they are resampled to; empty: they stay as they are
    tile: list[int] = field(default_factory=lambda: [512, 512])  # pixels along each axis that the
    # network gets at a time when it segments something larger

    def __post_init__(self) -> None:
        check("pixels.ndim", self.ndim, self.ndim in (2, 3), "2 (pictures) or 3 (volumes)")
        n, most = self.in_channels, 1024
        check("pixels.in_channels", n, 1 <= n <= most, f"1 to {most}")
        for key in ("mean", "std"):
            values = getattr(self, key)
            fits = len(values) in (0, n) and all(map(math.isfinite, values))
            check(f"pixels.{key}", values, fits, f"{n} numbers, one a channel, or none")
        check("pixels.std", self.std, all(s > 0 for s in self.std), "numbers above 0")
        volumes = self.ndim == 3
        check("pixels.z_score", self.z_score, volumes or not self.z_score, "false for pictures")
        steps = self.spacing
        fits = not steps or (volumes and len(steps) == 3 and all(0 < s < math.inf for s in steps))
        check("pixels.spacing", steps, fits, "3 numbers above 0 for volumes, or none")
        _check_sides("pixels.tile", self.tile, self.ndim)


@dataclass(frozen=True)
class Pictures:
    """The pictures of training and validation."""

    root: str = ""  # folder of the data set
    layout: str = ""  # how it lies there; empty: guessed
    split: str = "train"  # that is trained on
    valid_split: str = "val"  # that is scored
    ignore: list[int] = field(default_factory=list)  # values of a mask that are no class: they
    # neither train nor count
    crop: list[int] = field(default_factory=list)  # pixels along each axis of an example; empty:
    # whole pictures, which must then be of one size
    augment: list[Part] = field(default_factory=list)  # in this order, before the crop


@dataclass(frozen=True)
class SegmentationRecipe:
    """A model that segments, and its training."""

    name: str
    classes: list[str] = field(default_factory=list)  # in the order of their labels 0, 1, …
    palette: list[list[int]] = field(default_factory=list)  # RGB of each; empty: made up
    licence: str = "not stated"  # of the weights
    training_data: str = "not stated"  # one line: what was seen, with licences
    pixels: Pixels = field(default_factory=Pixels)
    backbone: Part = field(default_factory=lambda: Part("unet"))
    pictures: Pictures = field(default_factory=Pictures)
    training: Training = field(default_factory=lambda: Training(loss=Part("cross_entropy")))
    seed: int = 0
    task: str = "segmentation"  # what chooses this tree

    def __post_init__(self) -> None:
        plain = PLAIN_NAME.fullmatch(self.name) is not None
        check(
            "name", self.name, plain, "a plain name: letters, digits, inner '.', '-', '+', spaces"
        )
        names = self.classes
        distinct = len(set(names)) == len(names) and 2 <= len(names) <= MAX_CLASSES
        check("classes", names, distinct, f"2 to {MAX_CLASSES} distinct names")
        colours = self.palette
        fits = len(colours) in (0, len(names)) and all(map(_is_colour, colours))
        check("palette", colours, fits, f"{len(names)} colours [R, G, B] of 0 to 255, or none")
        if self.pictures.crop:
            _check_sides("pictures.crop", self.pictures.crop, self.pixels.ndim)
        adversary = self.training.adversary
        check("training.adversary", adversary, adversary is None, "none: only sources have critics")
        check("seed", self.seed, self.seed >= 0, "0 or more")


def _is_colour(colour: list[int]) -> bool:
    return len(colour) == 3 and all(0 <= value <= 255 for value in colour)


def _check_sides(key: str, sides: list[int], ndim: int) -> None:
    fits = len(sides) == ndim and min(sides) >= 1 and math.prod(sides) <= MAX_TILE
    check(key, sides, fits, f"{ndim} numbers of pixels, {MAX_TILE} at most in all")
