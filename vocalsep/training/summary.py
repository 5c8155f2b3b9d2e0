"""What a recipe would train, before anything is trained: `vocalsep train --dry-run`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import torch
import yaml
from torch import nn

from vocalsep.data.describe import describe
from vocalsep.models.build import build_separator
from vocalsep.recipe import Recipe
from vocalsep.training.losses import build_loss
from vocalsep.training.measure import activation_bytes, receptive_field
from vocalsep.training.optimisers import build_optimiser
from vocalsep.training.schedules import build_schedule


def summary(recipe: Recipe) -> str:
    """The resolved recipe, and what follows from it.

    Raises:
        RecipeError: a part is unknown or refuses its parameters.
    """
    separator = build_separator(recipe)
    build_loss(recipe.training.loss)
    build_schedule(recipe.training)
    optimiser = build_optimiser(separator, recipe.training)
    n_parameters = sum(w.numel() for w in separator.parameters())
    text: str = yaml.safe_dump(asdict(recipe), sort_keys=False, allow_unicode=True, width=100)
    facts = {
        "parameters": f"{n_parameters:,}",
        "stems": ", ".join(recipe.stems),
        "example": _example(recipe, separator.margin_samples),
        "receptive field": receptive_field(separator),
        "memory": _memory(recipe, separator, optimiser),
        **dict(_data(recipe)),
    }
    width = max(map(len, facts))
    return text + "\n" + "\n".join(f"{key:{width}}  {value}" for key, value in facts.items())


def _example(recipe: Recipe, margin_samples: int) -> str:
    n_samples = (recipe.mixing.segment_frames - 1) * recipe.audio.hop_length
    seconds = n_samples / recipe.audio.sample_rate
    context = f", and {margin_samples} of context at each end" if margin_samples else ""
    return f"{n_samples} samples, {seconds:.2f} s{context}"


def _memory(recipe: Recipe, separator: nn.Module, optimiser: torch.optim.Optimizer) -> str:
    """Weights, gradients, average and optimiser; activations of what is computed at once."""
    weights = sum(w.numel() * w.element_size() for w in separator.parameters())
    slots = {"AdamW": 2, "Adam": 2, "SGD": 1}[type(optimiser).__name__]
    training = recipe.training
    at_once = -(-training.batch_size // training.accumulate)
    kept = weights * (3 + slots)
    return (
        f"about {kept / 1e6:.0f} MB of weights, gradients, average and optimiser, and "
        f"{at_once * activation_bytes(recipe) / 1e6:.0f} MB of activations in float32 for "
        f"{at_once} examples at once"
    )


def _data(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """What is drawn from, and what is scored."""
    yield from describe(recipe)
    from_root = f"the valid split of {recipe.mixing.root}" if recipe.mixing.root else "none"
    yield "validation", ", ".join(recipe.validation.songs) or from_root
