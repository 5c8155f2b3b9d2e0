"""A recipe's task."""

from __future__ import annotations

import torch

from vocalsep.recipe import Recipe
from vocalsep.training.adversarial import AdversarialTask
from vocalsep.training.separation import SeparationTask


def build_task(recipe: Recipe, device: torch.device) -> SeparationTask | AdversarialTask:
    """The task that a recipe describes, on a device.

    Raises:
        RecipeError: a part is unknown or refuses its parameters.
    """
    adversary = recipe.training.adversary
    if adversary is None:
        return SeparationTask(recipe, device)
    return AdversarialTask(recipe, adversary, device)
