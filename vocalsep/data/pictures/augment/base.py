"""What all augmentations of pictures share: what they act on, their contract, chains of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from vocalsep.data.draws import Sometimes
from vocalsep.recipe import Part
from vocalsep.registry import Registry

#: What is seen outside of a picture: its mirror image, or black that is labelled IGNORE.
PADDING = ("mirror", "void")

Size: TypeAlias = tuple[int, ...]  # along each axis of a picture (2) or volume (3)


@dataclass(frozen=True)
class Example:
    """A picture or volume and its labels.

    Attributes:
        pixels: (C, *size) float32, 0…1.
        labels: (*size) uint8, class index or IGNORE.
    """

    pixels: npt.NDArray[np.float32]
    labels: npt.NDArray[np.uint8]


class PictureAugmentation(Sometimes[Example]):
    """Changes an example with probability `p`.

    Subclasses take the size that the network trains on first (empty: that of each picture); their
    other arguments are recipe keys. They leave their input untouched, move labels exactly as
    pixels, make no labels up, and keep pixels within 0…1, or within the range of the volume where
    that is wider.
    """

    def __init__(self, size: Size, p: float) -> None:
        super().__init__(p)
        self.size = size


PICTURE_AUGMENTATIONS: Registry[Callable[..., PictureAugmentation]] = Registry(
    "picture augmentation"
)


class Chain:
    """Augmentations one after the other.

    What they leave is brought to the size that the network trains on: a random window of it, with
    its mirror image around it where it is too small.

    Args:
        parts: names and parameters, as in a recipe.
        size: what the network trains on; empty: each picture's own.

    Raises:
        RecipeError: an unknown part or parameter, or an impossible value.
    """

    def __init__(self, parts: Iterable[Part], size: Size = ()) -> None:
        self.steps: list[PictureAugmentation] = [
            PICTURE_AUGMENTATIONS.build(part.name, part.params, size) for part in parts
        ]
        self.last: PictureAugmentation = PICTURE_AUGMENTATIONS.build("crop", {}, size)

    def __call__(self, rng: np.random.Generator, example: Example) -> Example:
        """The changed example, of contiguous arrays."""
        for step in self.steps:
            example = step(rng, example)
        if example.labels.shape != (self.last.size or example.labels.shape):
            example = self.last(rng, example)
        return Example(
            np.ascontiguousarray(example.pixels, np.float32),
            np.ascontiguousarray(example.labels),
        )


def clipped(
    pixels: npt.NDArray[np.float32], before: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Pixels (changed in place) within 0…1, or within the range they had where that is wider."""
    lowest, highest = min(0.0, float(before.min())), max(1.0, float(before.max()))
    return np.clip(pixels, lowest, highest, out=pixels)
