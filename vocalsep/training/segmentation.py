"""The task of segmenting pictures and volumes: what the trainer asks of it, see task.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vocalsep.data.pictures.loader import (
    PictureBatch,
    picture_batches,
    pictures_of,
    read_example,
)
from vocalsep.data.pictures.pair import Pair
from vocalsep.evaluation.metrics.labels import Confusion
from vocalsep.models.checkpoint import save_model
from vocalsep.models.load import load_segmenter
from vocalsep.models.segmenter import Segmenter
from vocalsep.recipe import SegmentationRecipe, recipe_to_json
from vocalsep.segmentation.options import PredictOptions
from vocalsep.segmentation.predict import Predictor
from vocalsep.training.losses.labels import build_label_loss
from vocalsep.training.task import Exhibit, Scores, Validation
from vocalsep.training.world import World


class SegmentationTask:
    """Supervised training of a segmenter.

    Args:
        recipe: what to train, on what, and how.
        device: where.

    Raises:
        RecipeError: a part is unknown or refuses its parameters.
    """

    def __init__(self, recipe: SegmentationRecipe, device: torch.device) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.device = device
        self.network = Segmenter(recipe).to(device)
        self.network.use_channels_last()
        self.loss = build_label_loss(recipe.training.loss)
        self._pairs: tuple[Pair, ...] | None = None

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The validation pictures, looked for when they are first asked for."""
        if self._pairs is None:
            self._pairs = pictures_of(self.recipe, self.recipe.pictures.valid_split).pairs
        return self._pairs

    def describe(self) -> str:
        return recipe_to_json(self.recipe)

    def batches(self, first_step: int, world: World) -> Iterator[PictureBatch]:
        _ = self.pairs  # a missing split is told before the first step
        return picture_batches(self.recipe, first_step, world.rank, world.size)

    def pieces(self, batch: PictureBatch, n_pieces: int) -> list[PictureBatch]:
        moved = batch.to(self.device)
        n_each = -(-len(moved.labels) // n_pieces)
        cuts = zip(moved.pixels.split(n_each), moved.labels.split(n_each), strict=True)
        return [PictureBatch(pixels, labels) for pixels, labels in cuts]

    def before_step(self, pieces: Sequence[PictureBatch], world: World) -> dict[str, float]:
        return {}

    def weight(self, piece: PictureBatch) -> Tensor:
        return self.loss.weight(piece.labels)

    def total(self, piece: PictureBatch) -> Tensor:
        outputs = self.network.logits_all(piece.pixels)
        totals = [weight * self.loss.total(logits, piece.labels) for weight, logits in outputs]
        return torch.stack(totals).sum(0)

    def validate(self, world: World) -> Validation:
        """The mean IoU over the validation pictures, which are shared out."""
        mine = Confusion(len(self.recipe.classes))
        for pair in self.pairs[world.rank :: world.size]:
            example = read_example(pair, self.recipe.pixels)
            mine.add(example.labels, self.segment(example.pixels))
        whole = Confusion(len(self.recipe.classes))
        for counts in world.gather(mine.counts):
            whole.counts += counts
        return Validation(whole.mean_iou(), "mean IoU", self._scores(whole))

    def exhibits(self) -> Iterator[Exhibit]:
        for pair in self.pairs[:2]:
            pixels = read_example(pair, self.recipe.pixels).pixels
            if self.recipe.pixels.ndim == 2:
                colours = np.array(self.network.palette, np.uint8)
                yield Exhibit(pair.name, colours[self.segment(pixels)].transpose(2, 0, 1))

    def speed(self, examples_per_s: float) -> dict[str, float]:
        return {"pictures_per_s": round(examples_per_s, 1)}

    def save(
        self, path: Path, weights: Mapping[str, Tensor], scores: Scores, facts: Mapping[str, Any]
    ) -> None:
        save_model(path, self.recipe, weights, scores, facts)

    def model(self, name_or_path: str) -> Segmenter:
        return load_segmenter(name_or_path)[0]

    def tensors(self, pieces: Sequence[PictureBatch]) -> dict[str, Tensor]:
        return {
            "pixels": torch.cat([piece.pixels for piece in pieces]).cpu(),
            "labels": torch.cat([piece.labels for piece in pieces]).cpu(),
        }

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Nothing is trained besides the network."""

    def segment(self, pixels: np.ndarray[Any, np.dtype[np.float32]]) -> np.ndarray[Any, Any]:
        """(D, *size) 0…1 -> the likeliest class of every pixel, (*size) uint8, as users get it."""
        predictor = Predictor(self.network, PredictOptions(precision="float32"), str(self.device))
        return predictor.labels(np.moveaxis(pixels, 0, -1))

    def _scores(self, confusion: Confusion) -> Scores:
        """Over the whole split: a mean over pictures would count small ones as much."""
        iou = zip(self.recipe.classes, confusion.iou(), strict=True)
        found = {"mean IoU": confusion.mean_iou(), "pixel accuracy": confusion.pixel_accuracy()}
        # A class that never occurs has no IoU.
        found |= {f"IoU {name}": float(value) for name, value in iou if np.isfinite(value)}
        return {self.recipe.pictures.valid_split: found}
