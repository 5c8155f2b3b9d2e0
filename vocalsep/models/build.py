"""A recipe's separator."""

from __future__ import annotations

from vocalsep.models import mask_separator, waveform_separator
from vocalsep.models.base import SEPARATORS, BaseSeparator
from vocalsep.recipe import Recipe

__all__ = ["build_separator", "mask_separator", "waveform_separator"]


def build_separator(recipe: Recipe) -> BaseSeparator:
    """The separator that a recipe names, with fresh weights, in training mode.

    Raises:
        RecipeError: a part is unknown or refuses its parameters.
    """
    part = recipe.separator
    built: BaseSeparator = SEPARATORS.build(part.name, part.params, recipe)
    return built
