"""The model file: round trip, and everything that must be refused."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from tests.helpers.synth import tiny_recipe
from vocalsep.errors import ModelError, OutputError
from vocalsep.models import checkpoint
from vocalsep.models.checkpoint import load_model, read_card, save_model
from vocalsep.models.separator import MaskSeparator
from vocalsep.recipe import Part, Recipe, recipe_to_json


@pytest.fixture
def recipe() -> Recipe:
    return tiny_recipe(Path("bank"))


@pytest.fixture
def model_file(tmp_path: Path, recipe: Recipe) -> Path:
    torch.manual_seed(0)
    weights = MaskSeparator(recipe).state_dict()
    save_model(tmp_path / "m.safetensors", recipe, weights, {"song": {"vocals": 5.0}}, {"step": 3})
    return tmp_path / "m.safetensors"


def rewritten(path: Path, **metadata: str) -> Path:
    """The same tensors under other metadata."""
    card = read_card(path)
    whole = {
        "vocalsep.format": "1",
        "vocalsep.version": card.vocalsep_version,
        "vocalsep.recipe": recipe_to_json(card.recipe),
        "vocalsep.scores": json.dumps(card.scores),
        "vocalsep.provenance": "{}",
    }
    tensors = load_file(path)
    save_file(tensors, path, whole | {f"vocalsep.{k}": v for k, v in metadata.items()})
    return path


def test_round_trip(model_file: Path, recipe: Recipe) -> None:
    torch.manual_seed(0)
    original = MaskSeparator(recipe).eval()
    loaded, card = load_model(model_file)
    mixture = 0.1 * torch.randn(1, 2, 3000)
    torch.testing.assert_close(loaded(mixture), original(mixture), atol=1e-3, rtol=0)
    assert not loaded.training
    assert card.recipe == recipe
    assert card.scores == {"song": {"vocals": 5.0}}
    assert card.provenance == {"step": 3}
    assert card.n_parameters == sum(p.numel() for p in original.parameters())
    assert card.n_bytes == model_file.stat().st_size
    assert model_file.parent.joinpath(".vocalsep-m.safetensors.tmp").exists() is False


def test_weights_are_stored_in_half_precision(model_file: Path) -> None:
    assert {w.dtype for w in load_file(model_file).values()} == {torch.float16}


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such model file"):
        load_model(tmp_path / "none.safetensors")


@pytest.mark.parametrize("keep", [0, 4, 100, 2000])
def test_truncated_file(model_file: Path, keep: int) -> None:
    model_file.write_bytes(model_file.read_bytes()[:keep])
    with pytest.raises(ModelError, match="damaged"):
        load_model(model_file)


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    path = tmp_path / "evil.safetensors"
    torch.save({"a": torch.zeros(1)}, path)
    with pytest.raises(ModelError, match="damaged"):
        load_model(path)


def test_foreign_safetensors(tmp_path: Path) -> None:
    path = tmp_path / "foreign.safetensors"
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(ModelError, match="not a vocalsep model"):
        load_model(path)


def test_unknown_format_version(model_file: Path) -> None:
    with pytest.raises(ModelError, match="format 1"):
        load_model(rewritten(model_file, format="9"))


def test_architectures_come_from_the_allow_list(model_file: Path, recipe: Recipe) -> None:
    hostile = dataclasses.replace(recipe, backbone=Part("os.system", {}))
    with pytest.raises(ModelError, match=r"unknown backbone 'os\.system'"):
        load_model(rewritten(model_file, recipe=recipe_to_json(hostile)))


def test_shapes_are_checked_before_anything_is_allocated(model_file: Path, recipe: Recipe) -> None:
    # A terabyte of weights: building it for real would end the process.
    huge = dataclasses.replace(recipe, backbone=Part("unet", {"widths": [400_000, 400_000]}))
    with pytest.raises(ModelError, match="do not match the recipe"):
        load_model(rewritten(model_file, recipe=recipe_to_json(huge)))


@pytest.mark.parametrize("field", ["recipe", "scores"])
def test_broken_metadata(model_file: Path, field: str) -> None:
    with pytest.raises(ModelError, match=r"damaged|recipe"):
        load_model(rewritten(model_file, **{field: "{"}))


@pytest.mark.parametrize(
    ("keys", "value", "says"),
    [
        (("audio", "n_fft"), 2**36, "n_fft"),
        (("audio", "sample_rate"), 0, "sample_rate"),
        (("chunk_frames",), 2**30, "chunk_frames"),
        (("name",), "../../evil", "plain name"),
        (("name",), "${oc.env:HOME}", "refers to other values"),
        (("targets",), ["../vocals"], "plain name"),
        (("backbone", "params", "widths"), [10**9, 10**9], "cannot be built"),
        (("backbone", "params", "widths"), [1] * 60, "cannot be built"),
        (("backbone", "params", "dropout"), 9, "cannot be built"),
    ],
)
def test_hostile_recipes(
    model_file: Path, recipe: Recipe, keys: tuple[str, ...], value: object, says: str
) -> None:
    tree = json.loads(recipe_to_json(recipe))
    branch = tree
    for key in keys[:-1]:
        branch = branch[key]
    branch[keys[-1]] = value
    # Escaped, "$" is not seen by whoever only looks at the text.
    text = json.dumps(tree).replace("$", "\\u0024")
    with pytest.raises(ModelError, match=says) as caught:
        load_model(rewritten(model_file, recipe=text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "metadata",
    [
        {"recipe": "[" * 100_000},
        {"scores": "[]"},
        {"scores": '{"song": 3}'},
        {"scores": '{"song": {"vocals": "high"}}'},
    ],
)
def test_odd_metadata(model_file: Path, metadata: dict[str, str]) -> None:
    with pytest.raises(ModelError, match="damaged"):
        read_card(rewritten(model_file, **metadata))


@pytest.mark.parametrize(
    ("spoilt", "says"),
    [
        (lambda w: torch.full_like(w, float("nan")), "NaN or infinity"),
        (lambda w: w.long(), "stored as I64"),
        (lambda w: w.to(torch.complex64), "stored as C64"),
    ],
)
def test_weights_that_are_no_weights(model_file: Path, spoilt, says: str) -> None:  # type: ignore[no-untyped-def]
    with safe_open(str(model_file), "pt") as file:
        metadata = file.metadata()
    tensors = load_file(model_file)
    name = next(name for name, w in tensors.items() if w.is_floating_point())
    save_file(tensors | {name: spoilt(tensors[name])}, model_file, metadata)
    with pytest.raises(ModelError, match=says):
        load_model(model_file)


def test_what_cannot_be_written_leaves_the_old_file(
    model_file: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = model_file.read_bytes()

    def full(tensors: object, path: Path, metadata: object) -> None:
        path.write_bytes(b"half")
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(OutputError, match="No space left"):
        save_model(model_file, recipe, {}, {}, {})
    assert model_file.read_bytes() == before
    assert list(model_file.parent.iterdir()) == [model_file]
