"""The model file: safetensors with a card in its metadata. Nothing is ever unpickled.

Metadata keys (all JSON or text):
    vocalsep.format          "1"
    vocalsep.version         the version that wrote it
    vocalsep.recipe          the recipe: architecture, front end, targets, training, licence
    vocalsep.scores          {"set or song": {"metric": dB}}
    vocalsep.provenance      {"step": …, "hours_heard": …, …} free facts of the training

Weights are stored in half precision and computed in float32 (or bfloat16).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from vocalsep import __version__
from vocalsep.atomic import replacing
from vocalsep.errors import ModelError, OutputError, RecipeError
from vocalsep.models.base import BaseSeparator
from vocalsep.models.build import build_model
from vocalsep.models.model import Model
from vocalsep.models.segmenter import Segmenter
from vocalsep.recipe import AnyRecipe, Recipe, recipe_from_json, recipe_to_json

FORMAT = "1"
MAX_BYTES = 2 * 1024**3  # a file beyond this is refused before anything is allocated
FLOATS, INTEGERS = ("F16", "BF16", "F32"), ("I64",)  # number formats of weights and counters
Scores = dict[str, dict[str, float]]
OTHER_TASK = {
    "segmentation": "segments pictures: expected one that separates sources, see `vocalsep models`",
    "separation": "separates sources: expected one that segments pictures, see `vocalsep models`",
}


@dataclass(frozen=True)
class ModelCard:
    """What a model file says of itself.

    Attributes:
        targets: what it estimates: stems, or classes.
    """

    name: str
    licence: str
    training_data: str
    targets: tuple[str, ...]
    scores: Scores
    provenance: dict[str, Any]
    vocalsep_version: str
    recipe: AnyRecipe
    n_parameters: int
    n_bytes: int
    sha256: str

    @property
    def separation(self) -> Recipe:
        """Its recipe, if it separates.

        Raises:
            ModelError: it segments.
        """
        if not isinstance(self.recipe, Recipe):
            raise ModelError(f"model {self.name!r} {OTHER_TASK['segmentation']}")
        return self.recipe


def save_model(
    path: Path,
    recipe: AnyRecipe,
    weights: Mapping[str, Tensor],
    scores: Scores,
    provenance: Mapping[str, Any],
) -> None:
    """Write a model file atomically, weights in half precision.

    Args:
        path: final name; a temporary file beside it is renamed when complete.
        weights: state dict of the model built from `recipe`.

    Raises:
        OutputError: it cannot be written; what was there before is kept.
    """
    half = {
        name: (w.half() if w.is_floating_point() else w).contiguous() for name, w in weights.items()
    }
    metadata = {
        "vocalsep.format": FORMAT,
        "vocalsep.version": __version__,
        "vocalsep.recipe": recipe_to_json(recipe),
        "vocalsep.scores": json.dumps(scores, sort_keys=True),
        "vocalsep.provenance": json.dumps(dict(provenance), sort_keys=True),
    }
    write_tensors(path, half, metadata)


def write_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Write a safetensors file under a temporary name, then give it its own.

    Raises:
        OutputError: it cannot be written; what was there before is kept.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            save_file(tensors, temporary, metadata)
            # safetensors writes for the owner alone; packages are read by all.
            temporary.chmod(0o644)
    except (OSError, SafetensorError) as error:
        reason = " ".join(str(error).split())
        raise OutputError(
            f"{path}: cannot be written ({reason}); free space or permit it"
        ) from error


def store_scores(path: Path, scores: Scores) -> None:
    """Replace the scores of a model file.

    Raises:
        ModelError: missing or damaged.
    """
    model, card = load_model(path)
    save_model(path, card.recipe, model.state_dict(), scores, card.provenance)


def load_model(path: Path) -> tuple[BaseSeparator | Segmenter, ModelCard]:
    """Build the model of a model file and fill in its weights, in eval mode, float32.

    Shapes and number formats are compared with the architecture on the meta device first, so a
    damaged or hostile file cannot make us allocate more than its own size.

    Raises:
        ModelError: missing, damaged, of another format, or not matching its own recipe.
    """
    card = read_card(path)
    try:
        with torch.device("meta"):
            model = build_model(card.recipe)
        with safe_open(str(path), framework="pt") as file:
            _check_layout(path, file, model)
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    # torch's own words for sizes that overflow are RuntimeErrors.
    except (RecipeError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"{path}: its recipe cannot be built: {reason}") from error
    for name, weight in weights.items():
        if not torch.isfinite(weight).all():
            raise ModelError(f"{path}: damaged model file ({name!r} holds NaN or infinity)")
    model = build_model(card.recipe)
    model.load_state_dict(weights)
    model.use_channels_last()
    return model.eval(), card


def read_card(path: Path) -> ModelCard:
    """The card of a model file, without building its network.

    Raises:
        ModelError: missing, damaged or not a model file.
    """
    data = _file_bytes(path)
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
            n_parameters = sum(
                int(torch.Size(file.get_slice(name).get_shape()).numel())
                for name in file.keys()  # noqa: SIM118
            )
        if metadata.get("vocalsep.format") != FORMAT:
            raise ModelError(
                f"{path}: not a vocalsep model of format {FORMAT} "
                f"(found {metadata.get('vocalsep.format')!r}); export it with `vocalsep train`"
            )
        recipe = recipe_from_json(metadata["vocalsep.recipe"])
        return ModelCard(
            name=recipe.name,
            licence=recipe.licence,
            training_data=recipe.training_data,
            targets=tuple(recipe.targets if isinstance(recipe, Recipe) else recipe.classes),
            scores=_checked_scores(json.loads(metadata["vocalsep.scores"])),
            provenance=dict(json.loads(metadata["vocalsep.provenance"])),
            vocalsep_version=metadata["vocalsep.version"],
            recipe=recipe,
            n_parameters=n_parameters,
            n_bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
        )
    except (SafetensorError, KeyError, TypeError, ValueError, RecursionError, RecipeError) as error:
        reason = " ".join(str(error).split())
        raise ModelError(f"{path}: damaged model file ({reason}); fetch it again") from error


def _file_bytes(path: Path) -> bytes:
    if not path.is_file():
        raise ModelError(f"{path}: no such model file; `vocalsep models` lists the names")
    if path.stat().st_size > MAX_BYTES:
        raise ModelError(f"{path}: {path.stat().st_size} bytes is too large for a model file")
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error


def _checked_scores(scores: Any) -> Scores:
    """{song: {metric: number}}, as tables and reports rely on; anything else is a ValueError."""
    if not isinstance(scores, dict):
        raise ValueError("vocalsep.scores is no table")
    return {
        song: {metric: float(value) for metric, value in dict(metrics).items()}
        for song, metrics in scores.items()
    }


def _check_layout(path: Path, file: Any, model: Model) -> None:
    expected = {name: list(w.shape) for name, w in model.state_dict().items()}
    found = {name: list(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    if expected != found:
        odd = sorted(set(expected) ^ set(found)) or [
            name for name in expected if expected[name] != found[name]
        ]
        raise ModelError(f"{path}: weights do not match the recipe, first at {odd[0]!r}")
    for name, weight in model.state_dict().items():
        stored = file.get_slice(name).get_dtype()
        if stored not in (FLOATS if weight.is_floating_point() else INTEGERS):
            raise ModelError(f"{path}: {name!r} is stored as {stored}; export the model again")
