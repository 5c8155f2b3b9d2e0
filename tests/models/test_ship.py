"""Shipping a model, and finding and verifying what was shipped."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests.helpers.synth import tiny_recipe
from vocalsep.errors import ModelError
from vocalsep.models import catalogue, ship
from vocalsep.models.checkpoint import save_model
from vocalsep.models.load import load_named
from vocalsep.models.mask_separator import MaskSeparator


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shipped = tmp_path / "pretrained"
    shipped.mkdir()
    (shipped / "index.json").write_text("{}")
    for module in (catalogue, ship):
        monkeypatch.setattr(module, "pretrained_dir", lambda: shipped)
    return shipped


def trained(tmp_path: Path, **changes: str) -> Path:
    recipe = dataclasses.replace(tiny_recipe(Path("bank")), **changes)  # type: ignore[arg-type]
    path = tmp_path / "best.safetensors"
    save_model(path, recipe, MaskSeparator(recipe).state_dict(), {}, {})
    return path


def test_ship_find_verify_load(folder: Path, tmp_path: Path) -> None:
    assert ship.ship_model(trained(tmp_path), speed=50.0) == "tiny"
    assert catalogue.model_names() == ["tiny"]
    assert catalogue.find_model("tiny") == folder / "tiny.safetensors"
    assert catalogue.read_index()["tiny"]["speed"] == 50.0
    _, card = load_named("tiny")
    assert card.name == "tiny"


def test_a_changed_file_is_refused(folder: Path, tmp_path: Path) -> None:
    ship.ship_model(trained(tmp_path), speed=None)
    shipped = folder / "tiny.safetensors"
    shipped.write_bytes(shipped.read_bytes()[:-1] + b"\x01")
    with pytest.raises(ModelError, match="damaged, reinstall"):
        load_named("tiny")


def test_unknown_names_get_a_hint(folder: Path, tmp_path: Path) -> None:
    ship.ship_model(trained(tmp_path), speed=None)
    with pytest.raises(ModelError, match="did you mean 'tiny'"):
        load_named("tny")
    with pytest.raises(ModelError, match=r"mine\.safetensors: there is no such model file"):
        load_named(tmp_path / "mine.safetensors")
    with pytest.raises(ModelError, match="unknown model"):
        catalogue.verify_model("other")


@pytest.mark.parametrize("missing", ["licence", "training_data"])
def test_a_model_without_statements_is_not_shipped(
    folder: Path, tmp_path: Path, missing: str
) -> None:
    with pytest.raises(ModelError, match="states no licence"):
        ship.ship_model(trained(tmp_path, **{missing: "not stated"}), speed=None)


def test_a_damaged_index_is_named(folder: Path) -> None:
    (folder / "index.json").write_text("{")
    with pytest.raises(ModelError, match="index is missing or damaged"):
        catalogue.model_names()
