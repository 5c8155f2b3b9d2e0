"""A recipe's task and its data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from vocalsep.data.prepare import prepare
from vocalsep.recipe import AnyRecipe, SegmentationRecipe
from vocalsep.training.adversarial import AdversarialTask
from vocalsep.training.segmentation import SegmentationTask
from vocalsep.training.separation import SeparationTask
from vocalsep.training.task import Task


def build_task(recipe: AnyRecipe, device: torch.device) -> Task[Any, Any]:
    """The task that a recipe describes, on a device.

    Raises:
        RecipeError: a part is unknown or refuses its parameters.
    """
    if isinstance(recipe, SegmentationRecipe):
        return SegmentationTask(recipe, device)
    adversary = recipe.training.adversary
    if adversary is None:
        return SeparationTask(recipe, device)
    return AdversarialTask(recipe, adversary, device)


def prepare_data(recipe: AnyRecipe, report: Callable[[str], None], local_rank: int) -> None:
    """Pack what the recipe's data sets lack in their banks; one process of each machine does.

    Pictures are read as they lie.

    Raises:
        DataError: there is no data, or a stem cannot be decoded.
        OutputError: a bank cannot be written.
    """
    if isinstance(recipe, SegmentationRecipe):
        return
    prepare(recipe, report, local_rank)
    if recipe.training.adversary is not None:
        unpaired = replace(recipe, mixing=recipe.training.adversary.mixing)
        prepare(unpaired, report, local_rank)
