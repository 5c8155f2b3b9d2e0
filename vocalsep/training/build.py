"""A recipe's task and its data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch

from vocalsep.data.prepare import prepare
from vocalsep.recipe import Recipe
from vocalsep.training.adversarial import AdversarialTask
from vocalsep.training.separation import SeparationTask
from vocalsep.training.world import World


def build_task(recipe: Recipe, device: torch.device) -> SeparationTask | AdversarialTask:
    """The task that a recipe describes, on a device.

    Raises:
        RecipeError: a part is unknown or refuses its parameters.
    """
    adversary = recipe.training.adversary
    if adversary is None:
        return SeparationTask(recipe, device)
    return AdversarialTask(recipe, adversary, device)


def prepare_data(recipe: Recipe, report: Callable[[str], None], world: World) -> None:
    """Pack what the recipe's data sets lack in their banks; one process of each machine does.

    Raises:
        DataError: there is no data, or a stem cannot be decoded.
        OutputError: a bank cannot be written.
    """
    prepare(recipe, report, world.local_rank)
    if recipe.training.adversary is not None:
        unpaired = replace(recipe, mixing=recipe.training.adversary.mixing)
        prepare(unpaired, report, world.local_rank)
