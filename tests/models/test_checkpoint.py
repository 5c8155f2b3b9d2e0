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
from vocalsep.models.mask_separator import MaskSeparator
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
    assert list(model_file.parent.glob(".vocalsep-*")) == []


def test_a_model_from_before_separators_had_names(tmp_path: Path) -> None:
    """Its recipe has fewer keys; its samples are those it gave when it was written."""
    tree = {
        "name": "old",
        "targets": ["vocals"],
        "audio": {
            "sample_rate": 8000,
            "n_channels": 2,
            "n_fft": 256,
            "hop_length": 64,
            "n_bins": 96,
        },
        "chunk_frames": 64,
        "backbone": {"name": "unet", "params": {"widths": [4, 8], "kernel": 4, "norm": "group"}},
    }
    shapes = {
        "backbone.down.0.0.weight": (4, 2, 4, 4),
        "backbone.down.0.0.bias": (4,),
        "backbone.down.0.1.weight": (4,),
        "backbone.down.0.1.bias": (4,),
        "backbone.down.1.0.weight": (8, 4, 4, 4),
        "backbone.down.1.0.bias": (8,),
        "backbone.down.1.1.weight": (8,),
        "backbone.down.1.1.bias": (8,),
        "backbone.up.0.0.weight": (8, 4, 4, 4),
        "backbone.up.0.0.bias": (4,),
        "backbone.up.0.1.weight": (4,),
        "backbone.up.0.1.bias": (4,),
        "backbone.out.weight": (8, 2, 4, 4),
        "backbone.out.bias": (2,),
    }
    weights = {}
    for number, (name, shape) in enumerate(shapes.items()):
        index = torch.arange(torch.Size(shape).numel(), dtype=torch.float64)
        weights[name] = torch.sin(0.7 * index + number).half().reshape(shape)
    texts = {"format": "1", "version": "0.1", "scores": "{}", "provenance": "{}"}
    texts["recipe"] = json.dumps(tree)
    path = tmp_path / "old.safetensors"
    save_file(weights, path, {f"vocalsep.{key}": text for key, text in texts.items()})

    separator, card = load_model(path)
    assert separator.stems == ("vocals", "accompaniment") and card.targets == ("vocals",)
    time = torch.arange(600, dtype=torch.float64) / 8000
    tones = [torch.sin(2 * torch.pi * hz * time).float() for hz in (440, 660)]
    out = separator(0.1 * torch.stack(tones)[None])[0, 0]
    was = [
        [0.00278509, 0.00006645, -0.00019927, 0.00011432, -0.00239459],
        [0.06662197, 0.00544558, -0.06645952, 0.00290610, 0.05982933],
    ]
    torch.testing.assert_close(out[:, 100:600:100], torch.tensor(was), atol=1e-6, rtol=1e-4)


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
        (("targets",), [f"stem {n}" for n in range(99)], "1 to 32"),
        (("separator",), {"name": "os.system", "params": {}}, "unknown separator"),
        (("separator", "params"), {"mask": "eval"}, "unknown mask"),
        (("separator", "params"), {"features": 7}, "cannot be built"),
        (("separator", "params"), {"per_target": 10**9}, "expected true or false"),
        (("separator",), {"name": "waveform", "params": {}}, "do not match the recipe"),
        (("backbone",), {"name": "wave_u_net", "params": {}}, "expected one for spectra"),
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
    "params",
    [{"width": 10**7}, {"levels": 10**6}, {"kernel": 10**9 + 1}, {"levels": 14, "width": 10**5}],
)
def test_hostile_waveform_networks(
    model_file: Path, recipe: Recipe, params: dict[str, int]
) -> None:
    hostile = dataclasses.replace(
        recipe, separator=Part("waveform"), backbone=Part("wave_u_net", dict(params))
    )
    with pytest.raises(ModelError, match=r"cannot be built|do not match"):
        load_model(rewritten(model_file, recipe=recipe_to_json(hostile)))


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
