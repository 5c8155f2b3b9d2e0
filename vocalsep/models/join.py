"""Put models that were trained apart together as one: the members of an ensemble."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from vocalsep.errors import ModelError
from vocalsep.models.build import build_separator
from vocalsep.models.checkpoint import ModelCard, load_model, save_model
from vocalsep.recipe import Recipe

ENSEMBLE = "ensemble"


def join_models(recipe: Recipe, paths: Sequence[Path], output: Path) -> None:
    """Write the model of a recipe whose backbone is an ensemble, with the weights of others.

    Args:
        recipe: name, licence, training data and members; everything but the training is that of
            the members.
        paths: a model file for each member, in their order.
        output: the model file.

    Raises:
        ModelError: another number of models, or one that does not fit the recipe.
        OutputError: the file cannot be written.
        RecipeError: the recipe's parts are unknown or refuse their parameters.
    """
    if recipe.backbone.name != ENSEMBLE:
        raise ModelError(
            f"backbone {recipe.backbone.name!r}: expected a recipe with an {ENSEMBLE} for joining"
        )
    members = list(recipe.backbone.params.get("members", []))
    if len(members) != len(paths):
        raise ModelError(f"{len(paths)} models for the {len(members)} members of {recipe.name}")
    weights: dict[str, Tensor] = {}
    provenance: list[dict[str, Any]] = []
    for index, (member, path) in enumerate(zip(members, paths, strict=True)):
        model, card = load_model(path)
        _check_fits(card, recipe, member, path)
        for name, weight in model.backbone.state_dict().items():
            weights[f"backbone.members.{index}.{name}"] = weight
        provenance.append({"name": card.name, "sha256": card.sha256, **card.provenance})
    expected = build_separator(recipe).state_dict()
    if {n: w.shape for n, w in expected.items()} != {n: w.shape for n, w in weights.items()}:
        raise ModelError(f"the models' weights do not fit the members of {recipe.name}")
    save_model(output, recipe, weights, {}, {"members": provenance})


def _check_fits(card: ModelCard, recipe: Recipe, member: dict[str, Any], path: Path) -> None:
    theirs = card.separation
    if theirs.backbone.name != member["name"]:
        raise ModelError(f"{path} is a {theirs.backbone.name}, its member a {member['name']}")
    if _heard_and_said(theirs) != _heard_and_said(recipe):
        raise ModelError(
            f"{path}: audio, separator and targets differ from those of {recipe.name}; members "
            f"hear and say the same"
        )


def _heard_and_said(recipe: Recipe) -> tuple[object, ...]:
    return recipe.audio, recipe.separator, recipe.targets, recipe.stems
