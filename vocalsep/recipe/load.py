"""From YAML and JSON to the typed tree and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

from vocalsep.errors import RecipeError
from vocalsep.recipe.segmentation import SegmentationRecipe
from vocalsep.recipe.tree import Recipe
from vocalsep.registry import one_of

AnyRecipe: TypeAlias = Recipe | SegmentationRecipe

SCHEMAS: dict[str, type[AnyRecipe]] = {
    "separation": Recipe,
    "segmentation": SegmentationRecipe,
}

# `key=`, `key={}` and `key=[]` on the command line empty what the recipe holds.
EMPTY: dict[str, Any] = {"": "", "{}": {}, "[]": []}


def load_recipe(path: Path, overrides: Sequence[str] = ()) -> AnyRecipe:
    """Read a YAML recipe and apply `key.sub=value` overrides.

    Raises:
        RecipeError: unreadable file, unknown key (with the closest known one), wrong type, or
            an impossible value.
    """
    from omegaconf import OmegaConf
    from yaml import YAMLError

    try:
        loaded = OmegaConf.load(path)
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"cannot read the recipe {path}: {error}") from error
    except YAMLError as error:
        line = " ".join(str(error).split())
        raise RecipeError(f"{path} is not YAML: {line}") from error
    return _typed(loaded, overrides, str(path))


def as_separation(recipe: AnyRecipe) -> Recipe:
    """The recipe, if it is one of separation.

    Raises:
        RecipeError: it is one of another task.
    """
    if not isinstance(recipe, Recipe):
        raise RecipeError(f"{recipe.name} is a recipe of {recipe.task}: expected one of separation")
    return recipe


def recipe_from_json(text: str) -> AnyRecipe:
    """The recipe of a model file.

    Raises:
        RecipeError: not JSON, or not a recipe of this version.
    """
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"the model's recipe is not JSON: {error}") from error
    # Recipes are resolved before they are stored: what would be looked up here (environment
    # variables among it) is a stranger's wish.
    if "${" in json.dumps(tree):
        raise RecipeError("the model's recipe refers to other values (${…}): expected plain ones")
    return _typed(tree, (), "the model's recipe")


def recipe_to_json(recipe: AnyRecipe) -> str:
    """The whole tree, keys in a fixed order; `recipe_from_json` inverts it."""
    return json.dumps(asdict(recipe), sort_keys=True)


def with_changes(recipe: Recipe, sections: Mapping[str, Any]) -> Recipe:
    """The recipe with other keys in some sections; a part that is named anew starts afresh.

    Raises:
        RecipeError: an unknown key, a wrong type, or an impossible value.
    """
    tree = asdict(recipe)
    for key, section in sections.items():
        old = tree.get(key)
        adds = isinstance(old, dict) and isinstance(section, Mapping) and "name" not in section
        tree[key] = dict(old or {}, **section) if adds else section
    return as_separation(_typed(tree, (), f"a variant of {recipe.name}"))


def _typed(tree: Any, overrides: Sequence[str], source: str) -> AnyRecipe:
    """Merge an untyped tree into the schema; the only place that knows OmegaConf."""
    from omegaconf import DictConfig, OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        tree = OmegaConf.create(tree)
        for override in overrides:
            key, _, value = override.partition("=")
            if value in EMPTY:  # merging nothing would change nothing
                OmegaConf.update(tree, key, EMPTY[value], merge=False)
        changes = [each for each in overrides if each.partition("=")[2] not in EMPTY]
        task = tree.get("task", "separation") if isinstance(tree, DictConfig) else "separation"
        one_of(f"{source}: task", task, SCHEMAS)
        merged = OmegaConf.merge(
            OmegaConf.structured(SCHEMAS[task]), tree, OmegaConf.from_dotlist(changes)
        )
        recipe = OmegaConf.to_object(merged)
    except OmegaConfBaseException as error:
        first_line = str(error).splitlines()[0]
        where = f" at {error.full_key}" if getattr(error, "full_key", None) else ""
        raise RecipeError(f"{source}{where}: {first_line}") from error
    except (TypeError, ValueError) as error:
        raise RecipeError(f"{source}: {error}") from error
    if not isinstance(recipe, (Recipe, SegmentationRecipe)):
        raise RecipeError(f"{source}: expected a mapping of recipe keys")
    return recipe
