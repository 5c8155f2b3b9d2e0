"""A recipe's model."""

from __future__ import annotations

from vocalsep.models import ensemble_separator, mask_separator, waveform_separator
from vocalsep.models.base import BaseSeparator, build_separator
from vocalsep.models.segmenter import Segmenter
from vocalsep.recipe import AnyRecipe, Recipe

__all__ = [
    "build_model",
    "build_separator",
    "ensemble_separator",
    "mask_separator",
    "waveform_separator",
]


def build_model(recipe: AnyRecipe) -> BaseSeparator | Segmenter:
    """The model that a recipe describes, with fresh weights, in training mode.

    Raises:
        RecipeError: a part is unknown or refuses its parameters.
    """
    return build_separator(recipe) if isinstance(recipe, Recipe) else Segmenter(recipe)
