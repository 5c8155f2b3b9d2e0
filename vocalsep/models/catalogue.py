"""The models that travel with the package: `pretrained/index.json` and the files beside it.

The index maps a name to its file and sha256:
    {"vocals": {"file": "vocals.safetensors", "sha256": "…", "speed": 80.0}}

`speed` is × real time from file to files, as `vocalsep bench` printed it (null: not measured).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from vocalsep.errors import ModelError
from vocalsep.registry import did_you_mean

INDEX = "index.json"
TYPE_HINT = "a name from `vocalsep models` or a path ending in .safetensors"


def pretrained_dir() -> Path:
    """Where the shipped models lie: inside the package, or beside it in a source checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "pretrained"
    return installed if installed.is_dir() else package.parent / "pretrained"


def model_names() -> list[str]:
    """Names of the shipped models, sorted."""
    return sorted(read_index())


def find_model(name_or_path: str | Path) -> Path:
    """The file of a shipped model or of a path; it is not opened.

    Raises:
        ModelError: neither a known name nor an existing file.
    """
    path = Path(name_or_path)
    if path.suffix == ".safetensors" and path.is_file():
        return path
    index = read_index()
    if str(name_or_path) in index:
        return pretrained_dir() / str(index[str(name_or_path)]["file"])
    if path.suffix == ".safetensors":
        raise ModelError(f"{path}: there is no such model file; see `vocalsep models`")
    hint = did_you_mean(str(name_or_path), list(index))
    raise ModelError(f"unknown model {str(name_or_path)!r}: expected {TYPE_HINT}; {hint}")


def verify_model(name: str) -> None:
    """Compare a shipped model's bytes with the index.

    Raises:
        ModelError: unknown name, missing file or another sha256.
    """
    index = read_index()
    if name not in index:
        hint = did_you_mean(name, list(index))
        raise ModelError(f"unknown model {name!r}: {hint}")
    path = pretrained_dir() / str(index[name]["file"])
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"model {name!r}: {path} cannot be read: {error.strerror}") from error
    if digest != index[name]["sha256"]:
        raise ModelError(
            f"model {name!r}: {path} has sha256 {digest[:12]}…, the index says "
            f"{str(index[name]['sha256'])[:12]}…; the file is damaged, reinstall vocalsep"
        )


def read_index() -> dict[str, dict[str, Any]]:
    """Name -> entry of every shipped model.

    Raises:
        ModelError: the index is missing or damaged.
    """
    path = pretrained_dir() / INDEX
    try:
        index: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        for entry in index.values():
            if not {"file", "sha256", "speed"} <= entry.keys():
                raise ValueError(f"an entry has only the keys {', '.join(entry)}")
    except (OSError, AttributeError, ValueError) as error:
        raise ModelError(f"{path}: the model index is missing or damaged: {error}") from error
    return index
