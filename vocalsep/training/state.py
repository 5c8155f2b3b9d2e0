"""A tree of tensors and plain values as one safetensors file, written atomically.

The tree is what `state_dict()` of networks and optimisers gives: dicts (with names or numbers as
keys), lists, numbers, text and tensors. Tensors lie in the file by their path, everything else as
JSON in its metadata.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from vocalsep.errors import ModelError
from vocalsep.models.checkpoint import write_tensors

TENSOR = "<tensor>"  # what stands in the JSON where a tensor was


def write_state(path: Path, tree: dict[str, Any]) -> None:
    """Write everything.

    Raises:
        OutputError: it cannot be written; the file before it is kept.
    """
    tensors: dict[str, Tensor] = {}
    plain = _without_tensors(tree, "", tensors)
    write_tensors(path, tensors, {"state": json.dumps(plain)})


def read_state(path: Path) -> dict[str, Any]:
    """The tree that `write_state` wrote, on the CPU.

    Raises:
        ModelError: missing or damaged.
    """
    try:
        with safe_open(str(path), framework="pt") as file:
            plain = json.loads((file.metadata() or {})["state"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        tree: dict[str, Any] = _with_tensors(plain, "", tensors)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(
            f"{path}: cannot resume from it ({reason}); delete it to go on from the one before, "
            f"or start a new run folder"
        ) from error
    return tree


def _without_tensors(tree: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    """The tree with its tensors moved into `tensors`."""
    if isinstance(tree, Tensor):
        # Copies: safetensors refuses tensors that share memory or are not contiguous.
        tensors[path] = tree.detach().cpu().clone().contiguous()
        return TENSOR
    if isinstance(tree, dict):
        return {str(k): _without_tensors(v, f"{path}/{k}", tensors) for k, v in tree.items()}
    if isinstance(tree, list | tuple):
        return [_without_tensors(v, f"{path}/{k}", tensors) for k, v in enumerate(tree)]
    return tree


def _with_tensors(tree: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    if tree == TENSOR:
        return tensors[path]
    if isinstance(tree, dict):
        # JSON turns the numbers of an optimiser's parameters into text.
        return {
            int(k) if k.isdigit() else k: _with_tensors(v, f"{path}/{k}", tensors)
            for k, v in tree.items()
        }
    if isinstance(tree, list):
        return [_with_tensors(v, f"{path}/{k}", tensors) for k, v in enumerate(tree)]
    return tree
