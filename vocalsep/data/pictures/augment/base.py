"""What all augmentations of pictures share: what they act on, their contract, chains of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

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


class PictureAugmentation(ABC):
    """Changes an example with probability `p`, drawing everything from the generator it is given.

    Subclasses take the size that the network trains on first (empty: that of each picture); their
    other arguments are recipe keys. They leave their input untouched, move labels exactly as
    pixels, make no labels up, and keep pixels within 0…1, or within the range of the volume where
    that is wider.
    """

    def __init__(self, size: Size, p: float) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"p is {p}: expected a probability, 0 to 1")
        self.size = size
        self.p = p

    def __call__(self, rng: np.random.Generator, example: Example) -> Example:
        """The changed example, or the same with probability 1 − p."""
        return self.apply(rng, example) if rng.random() < self.p else example

    @abstractmethod
    def apply(self, rng: np.random.Generator, example: Example) -> Example:
        """The changed example."""


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


def checked_range(name: str, values: tuple[float, float], lowest: float, highest: float) -> None:
    """Refuse a range of a recipe.

    Raises:
        ValueError: not lowest ≤ low ≤ high ≤ highest.
    """
    low, high = values
    if not lowest <= low <= high <= highest:
        raise ValueError(f"{name} is {list(values)}: expected {lowest} ≤ low ≤ high ≤ {highest}")


def checked(name: str, value: float, lowest: float, highest: float) -> None:
    """Refuse a number of a recipe.

    Raises:
        ValueError: not lowest ≤ value ≤ highest.
    """
    if not lowest <= value <= highest:
        raise ValueError(f"{name} is {value}: expected {lowest} to {highest}")


def clipped(
    pixels: npt.NDArray[np.float32], before: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Pixels (changed in place) within 0…1, or within the range they had where that is wider."""
    lowest, highest = min(0.0, float(before.min())), max(1.0, float(before.max()))
    return np.clip(pixels, lowest, highest, out=pixels)


def log_uniform(rng: np.random.Generator, bounds: tuple[float, float]) -> float:
    """A number whose logarithm is uniform: as likely between ½ and 1 as between 1 and 2."""
    return float(np.exp(rng.uniform(*np.log(bounds))))
