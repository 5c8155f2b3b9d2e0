"""The recipe: everything that defines a model and its training, as one typed tree.

Its key `task` says which tree: `Recipe` separates sources, `SegmentationRecipe` segments pictures.

A recipe is written as commented YAML, read into frozen dataclasses, and travels as JSON inside
the model file. Unknown keys are refused with the closest known one. Values derived from others
(padding, chunk samples, …) are never keys.
"""

from __future__ import annotations

from vocalsep.recipe.audio import Audio
from vocalsep.recipe.load import (
    AnyRecipe,
    as_separation,
    load_recipe,
    recipe_from_json,
    recipe_to_json,
    with_changes,
)
from vocalsep.recipe.mixing import Mixing
from vocalsep.recipe.part import PLAIN_NAME, Part
from vocalsep.recipe.segmentation import Pictures, Pixels, SegmentationRecipe
from vocalsep.recipe.training import Adversary, Training
from vocalsep.recipe.tree import Recipe
from vocalsep.recipe.validation import Validation

__all__ = [
    "PLAIN_NAME",
    "Adversary",
    "AnyRecipe",
    "Audio",
    "Mixing",
    "Part",
    "Pictures",
    "Pixels",
    "Recipe",
    "SegmentationRecipe",
    "Training",
    "Validation",
    "as_separation",
    "load_recipe",
    "recipe_from_json",
    "recipe_to_json",
    "with_changes",
]
