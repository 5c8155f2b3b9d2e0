"""Load a model by name or path, checked against the index."""

from __future__ import annotations

from pathlib import Path

from vocalsep.errors import ModelError
from vocalsep.models.base import BaseSeparator
from vocalsep.models.catalogue import find_model, verify_model
from vocalsep.models.checkpoint import OTHER_TASK, ModelCard, load_model
from vocalsep.models.segmenter import Segmenter


def load_separator(name_or_path: str | Path) -> tuple[BaseSeparator, ModelCard]:
    """The separator (eval mode, float32) and card of a shipped model or a model file.

    Raises:
        ModelError: unknown, damaged or refused, or it does not separate.
    """
    model, card = load_named(name_or_path)
    if not isinstance(model, BaseSeparator):
        raise ModelError(f"model {str(name_or_path)!r} {OTHER_TASK[card.recipe.task]}")
    return model, card


def load_segmenter(name_or_path: str | Path) -> tuple[Segmenter, ModelCard]:
    """The segmenter (eval mode, float32) and card of a shipped model or a model file.

    Raises:
        ModelError: unknown, damaged or refused, or it does not segment.
    """
    model, card = load_named(name_or_path)
    if not isinstance(model, Segmenter):
        raise ModelError(f"model {str(name_or_path)!r} {OTHER_TASK[card.recipe.task]}")
    return model, card


def load_named(name_or_path: str | Path) -> tuple[BaseSeparator | Segmenter, ModelCard]:
    """The model, of any task, and its card. A shipped model's sha256 must be the index's.

    Raises:
        ModelError: unknown, damaged or refused.
    """
    path = find_model(name_or_path)
    if path != Path(name_or_path):  # it was a name
        verify_model(str(name_or_path))
    return load_model(path)
