"""Put models that were trained apart together as one: the members of an ensemble."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from vocalsep.errors import ModelError
from vocalsep.models.checkpoint import load_model, save_model
from vocalsep.models.ensemble_separator import ENSEMBLE, OWN, check_speeds
from vocalsep.recipe import Part, Recipe


def join_models(recipe: Recipe, paths: Sequence[Path], output: Path) -> None:
    """Write the ensemble of models, with their weights.

    Args:
        recipe: name, licence, training data, targets and audio of the whole. Its separator is
            "ensemble" without members: these are what the models say of themselves. It may have
            their `speeds`.
        paths: a model file for each member.
        output: the model file.

    Raises:
        ModelError: the recipe is not of an ensemble or lists members, or a model estimates other
            stems, has another rate or is an ensemble itself.
        RecipeError: its speeds are not for so many models.
        OutputError: the file cannot be written.
    """
    part = recipe.separator
    if part.name != ENSEMBLE or set(part.params) - {"speeds"}:
        raise ModelError(
            f"{recipe.name}: expected a recipe with `separator: {{name: {ENSEMBLE}}}`, the members "
            f"are those of the models"
        )
    if "speeds" in part.params:
        check_speeds(part.params["speeds"], len(paths))
    weights: dict[str, Tensor] = {}
    members: list[dict[str, Any]] = []
    provenance: list[dict[str, Any]] = []
    for index, path in enumerate(paths):
        model, card = load_model(path)
        member = card.separation
        _check_fits(member, recipe, path)
        tree = dataclasses.asdict(member)
        members.append({section: tree[section] for section in OWN})
        weights |= {f"backbone.{index}.{n}": w for n, w in model.state_dict().items()}
        provenance.append({"name": card.name, "sha256": card.sha256, **card.provenance})
    whole = dataclasses.replace(
        recipe, separator=Part(ENSEMBLE, {**part.params, "members": members})
    )
    save_model(output, whole, weights, {}, {"members": provenance})


def _check_fits(member: Recipe, recipe: Recipe, path: Path) -> None:
    if member.separator.name == ENSEMBLE:
        raise ModelError(f"{path} is an {ENSEMBLE} itself: join its members")
    theirs = (member.targets, member.stems, member.audio.sample_rate)
    ours = (recipe.targets, recipe.stems, recipe.audio.sample_rate)
    if theirs != ours:
        raise ModelError(
            f"{path}: estimates {', '.join(theirs[0])} at {theirs[2]} Hz, expected "
            f"{', '.join(ours[0])} at {ours[2]} Hz as in {recipe.name}"
        )
