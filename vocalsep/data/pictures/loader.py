"""Batches of labelled pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vocalsep.data.pictures.augment import Chain, Example
from vocalsep.data.pictures.layouts import PictureSet, Wanted, read_pictures
from vocalsep.data.pictures.pair import Pair, read_pair
from vocalsep.data.pictures.splits import parse_splits
from vocalsep.data.pictures.volumes import read_volume_example
from vocalsep.data.steps import StepDataset, check_share, example_rng, in_step_order
from vocalsep.errors import DataError
from vocalsep.images.read import to_float
from vocalsep.images.volume import is_volume
from vocalsep.recipe import SegmentationRecipe
from vocalsep.recipe.segmentation import Pixels

TEST = "test"


@dataclass(frozen=True)
class PictureBatch:
    """The examples of one step that one rank draws.

    Attributes:
        pixels: (B, D, *size) float32, 0…1.
        labels: (B, *size) int64, class or IGNORE.
    """

    pixels: Tensor
    labels: Tensor

    def to(self, device: torch.device) -> PictureBatch:
        """The same on another device."""
        return PictureBatch(
            self.pixels.to(device, non_blocking=True), self.labels.to(device, non_blocking=True)
        )

    def pin_memory(self) -> PictureBatch:
        """The same in memory that a GPU can fetch by itself; PyTorch's loader calls this."""
        return PictureBatch(self.pixels.pin_memory(), self.labels.pin_memory())


def pictures_of(recipe: SegmentationRecipe, split: str) -> PictureSet:
    """A split of a recipe's data set, its labels in the order of the recipe's classes.

    Raises:
        DataError: it is not there, lacks a class, or is the held-out test split.
    """
    pictures = recipe.pictures
    if not pictures.root:
        raise DataError("pictures.root is empty: set it to the folder of the data set")
    if TEST in {each.name for each in parse_splits(split)}:
        raise DataError(
            f"pictures: the split {split} is held out for the last evaluation: train on others"
        )
    wanted = Wanted(split, recipe.classes, pictures.ignore)
    return read_pictures(Path(pictures.root), pictures.layout, wanted)


def read_example(pair: Pair, pixels: Pixels) -> Example:
    """A picture or volume and its labels as the network gets them, (C, *size) and (*size).

    Raises:
        DataError: one of them cannot be read, or they do not fit each other or the network.
    """
    if is_volume(pair.image) != (pixels.ndim == 3):
        wanted = "a volume" if pixels.ndim == 3 else "a picture"
        raise DataError(f"{pair.image}: expected {wanted}, as pixels.ndim is {pixels.ndim}")
    if is_volume(pair.image):
        return read_volume_example(pair, pixels)
    values, labels = read_pair(pair, pixels.in_channels)
    return Example(to_float(values), labels)


class PictureDataset(StepDataset[PictureBatch]):
    """Draws pictures and augments them.

    Every picture comes once before any comes twice: example n of the run is number n of endless
    shuffled rounds over the split.

    Args:
        recipe: what to draw.
        rank: number of this process.
        world: number of processes.
    """

    def __init__(self, recipe: SegmentationRecipe, rank: int, world: int) -> None:
        super().__init__(recipe.training.max_steps)
        self.recipe = recipe
        self.rank = rank
        self.world = world
        self.pairs = pictures_of(recipe, recipe.pictures.split).pairs
        self.chain = Chain(recipe.pictures.augment, tuple(recipe.pictures.crop))

    def check(self) -> None:
        """The pictures were found when this was made; one is read to see that they can be."""
        read_example(self.pairs[0], self.recipe.pixels)

    def draw(self, step: int) -> PictureBatch:
        batch_size = self.recipe.training.batch_size
        examples = [
            self._example(step, index) for index in range(self.rank, batch_size, self.world)
        ]
        sizes = {example.labels.shape for example in examples}
        if len(sizes) > 1:
            raise DataError(
                f"the pictures of a batch are of {len(sizes)} sizes, {_told(sizes)}: expected one; "
                f"set pictures.crop"
            )
        pixels = torch.from_numpy(np.stack([example.pixels for example in examples]))
        labels = torch.from_numpy(np.stack([example.labels for example in examples]))
        return PictureBatch(pixels, labels.long())

    def _example(self, step: int, index: int) -> Example:
        recipe = self.recipe
        number, place = divmod(step * recipe.training.batch_size + index, len(self.pairs))
        order = _round(recipe.seed, number, len(self.pairs))
        example = read_example(self.pairs[order[place]], recipe.pixels)
        return self.chain(example_rng(recipe.seed, step, index), example)


@lru_cache(maxsize=2)  # a batch may reach from one round into the next
def _round(seed: int, number: int, n_pictures: int) -> npt.NDArray[np.int64]:
    """The order of the pictures in a round."""
    return np.random.default_rng([seed, number]).permutation(n_pictures)


def picture_batches(
    recipe: SegmentationRecipe, first_step: int, rank: int = 0, world: int = 1
) -> Iterator[PictureBatch]:
    """Batches of steps first_step … max_steps − 1, in order, whatever the number of workers.

    `training.batch_size` counts the examples of all ranks together; rank r of w draws those whose
    index is r modulo w.

    Raises:
        DataError: the data set is missing or wrong, or a loader process died.
    """
    check_share(recipe.training.batch_size, world)
    dataset = PictureDataset(recipe, rank, world)
    return in_step_order(dataset, first_step, recipe.training.workers)


def _told(sizes: set[tuple[int, ...]]) -> str:
    return " and ".join("×".join(map(str, size)) for size in sorted(sizes)[:2])
