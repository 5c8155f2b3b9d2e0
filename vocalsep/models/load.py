"""Load a model by name or path, checked against the index."""

from __future__ import annotations

from pathlib import Path

from vocalsep.models.base import BaseSeparator
from vocalsep.models.catalogue import find_model, verify_model
from vocalsep.models.checkpoint import ModelCard, load_model


def load_named(name_or_path: str | Path) -> tuple[BaseSeparator, ModelCard]:
    """The separator (eval mode, float32) and card of a shipped model or a model file.

    A shipped model's sha256 must be the index's.

    Raises:
        ModelError: unknown, damaged or refused.
    """
    path = find_model(name_or_path)
    if path != Path(name_or_path):  # it was a name
        verify_model(str(name_or_path))
    return load_model(path)
