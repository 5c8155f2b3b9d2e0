"""What a recipe would train, before anything is trained: `vocalsep train --dry-run`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import torch
import yaml
from torch import nn

from vocalsep.data.describe import describe
from vocalsep.data.pictures.loader import pictures_of
from vocalsep.errors import VocalsepError
from vocalsep.models.base import BaseSeparator
from vocalsep.models.build import build_model
from vocalsep.recipe import AnyRecipe, Recipe, SegmentationRecipe
from vocalsep.training.losses import build_loss
from vocalsep.training.losses.labels import build_label_loss
from vocalsep.training.measure import activation_bytes, receptive_field
from vocalsep.training.optimisers import build_optimiser
from vocalsep.training.schedules import build_schedule


def summary(recipe: AnyRecipe) -> str:
    """The resolved recipe, and what follows from it.

    Raises:
        RecipeError: a part is unknown or refuses its parameters.
    """
    model = build_model(recipe)
    build_schedule(recipe.training)
    optimiser = build_optimiser(model, recipe.training)
    n_parameters = sum(w.numel() for w in model.parameters())
    text: str = yaml.safe_dump(asdict(recipe), sort_keys=False, allow_unicode=True, width=100)
    if isinstance(recipe, Recipe):
        assert isinstance(model, BaseSeparator)
        own = _separation(recipe, model.margin_samples)
    else:
        own = _segmentation(recipe)
    facts = {
        "parameters": f"{n_parameters:,}",
        "receptive field": receptive_field(model),
        "memory": _memory(recipe, model, optimiser),
        **dict(own),
    }
    width = max(map(len, facts))
    return text + "\n" + "\n".join(f"{key:{width}}  {value}" for key, value in facts.items())


def _separation(recipe: Recipe, margin: int) -> Iterator[tuple[str, str]]:
    """What only separation has."""
    build_loss(recipe.training.loss)
    n_samples = (recipe.mixing.segment_frames - 1) * recipe.audio.hop_length
    seconds = n_samples / recipe.audio.sample_rate
    context = f", and {margin} of context at each end" if margin else ""
    yield "stems", ", ".join(recipe.stems)
    yield "example", f"{n_samples} samples, {seconds:.2f} s{context}"
    yield from describe(recipe)
    from_root = f"the valid split of {recipe.mixing.root}" if recipe.mixing.root else "none"
    yield "validation", ", ".join(recipe.validation.songs) or from_root


def _segmentation(recipe: SegmentationRecipe) -> Iterator[tuple[str, str]]:
    """What only segmentation has."""
    build_label_loss(recipe.training.loss)
    yield "classes", ", ".join(recipe.classes)
    size = " × ".join(map(str, recipe.pictures.crop)) or "whole pictures"
    yield "example", f"{size}, {recipe.pixels.in_channels} channels"
    for what, split in (
        ("data", recipe.pictures.split),
        ("validation", recipe.pictures.valid_split),
    ):
        try:
            found = pictures_of(recipe, split)
            yield what, f"{len(found.pairs)} pictures of {recipe.pictures.root}, split {split}"
        except VocalsepError as error:
            yield what, str(error)


def _memory(recipe: AnyRecipe, model: nn.Module, optimiser: torch.optim.Optimizer) -> str:
    """Weights, gradients, average and optimiser; activations of what is computed at once."""
    weights = sum(w.numel() * w.element_size() for w in model.parameters())
    slots = {"AdamW": 2, "Adam": 2, "SGD": 1}[type(optimiser).__name__]
    training = recipe.training
    at_once = -(-training.batch_size // training.accumulate)
    kept = weights * (3 + slots)
    return (
        f"about {kept / 1e6:.0f} MB of weights, gradients, average and optimiser, and "
        f"{at_once * activation_bytes(recipe) / 1e6:.0f} MB of activations in float32 for "
        f"{at_once} examples at once"
    )
