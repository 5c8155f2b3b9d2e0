"""Enter a trained model among the shipped ones."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from vocalsep.errors import ModelError
from vocalsep.models.catalogue import INDEX, pretrained_dir, read_index
from vocalsep.models.checkpoint import read_card


def ship_model(path: Path, speed: float | None) -> str:
    """Copy a model file into `pretrained/` under its own name and enter it in the index.

    Args:
        speed: × real time from file to files, as measured with `vocalsep bench`.

    Returns:
        The model's name.

    Raises:
        ModelError: the file is damaged, or its recipe states no licence or no training data.
    """
    card = read_card(path)
    if "not stated" in (card.licence, card.training_data):
        raise ModelError(f"{path}: its recipe states no licence or no training_data; add them")
    target = pretrained_dir() / f"{card.name}.safetensors"
    if path.resolve() != target.resolve():
        shutil.copyfile(path, target)
    index = read_index()
    index[card.name] = {"file": target.name, "sha256": card.sha256, "speed": speed}
    text = json.dumps(index, indent=2, sort_keys=True) + "\n"
    (pretrained_dir() / INDEX).write_text(text, encoding="utf-8")
    return card.name
