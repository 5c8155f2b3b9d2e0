"""The data of a recipe in words: shards, a bank, or what is still to be packed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from tests.helpers.musdb import make_musdb18hq
from tests.helpers.synth import make_bank, tiny_recipe
from vocalsep.data.bank import Bank
from vocalsep.data.describe import describe
from vocalsep.data.shards.write import ShardOptions, write_shards
from vocalsep.recipe import Recipe


def with_mixing(recipe: Recipe, **changes: object) -> Recipe:
    mixing = dataclasses.replace(recipe.mixing, **changes)  # type: ignore[arg-type]
    return dataclasses.replace(recipe, mixing=mixing)


def test_bank_shards_and_what_is_to_be_packed(tmp_path: Path) -> None:
    recipe = tiny_recipe(tmp_path / "bank")
    make_musdb18hq(tmp_path / "set", {"train": ["A - B", "C - D"]}, seconds=0.1)
    unpacked = with_mixing(recipe, root=str(tmp_path / "set"))
    assert dict(describe(unpacked))["data: drums"] == f"2 stems of {tmp_path / 'set'}, to be packed"
    make_bank(tmp_path / "bank")
    of_bank = {
        "data: accompaniment": "2 tracks, 0.00 hours, of games, songs",
        "data: vocals": "2 tracks, 0.00 hours, of loose, songs",
    }
    assert dict(describe(recipe)) == of_bank
    options = ShardOptions(tmp_path / "tars", seconds=2.0)
    index = write_shards(Bank(tmp_path / "bank"), options, lambda _: None)
    sharded = with_mixing(recipe, shards=[str(index)])
    assert dict(describe(sharded)) == {"data": "1 shards of 6 samples"}
    tars = [str(path) for path in index.parent.glob("*.tar")]
    uncounted = with_mixing(recipe, shards=tars)
    assert dict(describe(uncounted)) == {"data": "1 shards of an unknown number"}


def test_what_is_wrong_is_said_in_its_place(tmp_path: Path) -> None:
    assert "not a bank" in dict(describe(tiny_recipe(tmp_path)))["data"]
    missing = with_mixing(tiny_recipe(tmp_path), root=str(tmp_path / "nowhere"))
    assert "no such folder" in dict(describe(missing))["data"]
    held = with_mixing(tiny_recipe(tmp_path), root=str(tmp_path), split="test")
    assert "held out" in dict(describe(held))["data"]
