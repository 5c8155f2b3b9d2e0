"""Enter a trained model among the shipped ones."""

from __future__ import annotations

import json
from pathlib import Path

from vocalsep.atomic import replacing
from vocalsep.errors import ModelError, OutputError
from vocalsep.models.catalogue import INDEX, pretrained_dir, read_index
from vocalsep.models.checkpoint import load_model


def ship_model(path: Path, speed: float | None) -> str:
    """Copy a model file into `pretrained/` under its own name and enter it in the index.

    Args:
        speed: × real time from file to files, as measured with `vocalsep bench`.

    Returns:
        The model's name.

    Raises:
        ModelError: the file is damaged, or its recipe states no licence or no training data.
        OutputError: `pretrained/` cannot be written.
    """
    _, card = load_model(path)
    if "not stated" in (card.licence, card.training_data):
        raise ModelError(f"{path}: its recipe states no licence or no training_data; add them")
    target = pretrained_dir() / f"{card.name}.safetensors"
    index = read_index()
    index[card.name] = {"file": target.name, "sha256": card.sha256, "speed": speed}
    text = json.dumps(index, indent=2, sort_keys=True) + "\n"
    try:
        # A half-copied model must not stand beside an index that knows it.
        for place, data in ((target, path.read_bytes()), (target.with_name(INDEX), text.encode())):
            with replacing(place) as temporary:
                temporary.write_bytes(data)
    except OSError as error:
        raise OutputError(f"{target.parent}: cannot be written: {error.strerror}") from error
    return card.name
