"""`vocalsep models` on a folder of models made for the test."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.helpers.segmenting import picture_recipe
from vocalsep.cli import cli
from vocalsep.commands._table import table
from vocalsep.models import catalogue, ship
from vocalsep.models.checkpoint import save_model
from vocalsep.models.mask_separator import MaskSeparator
from vocalsep.models.segmenter import Segmenter
from vocalsep.models.ship import ship_model
from vocalsep.recipe import Part, Recipe

SCORES = {
    "one": {"vocals": 4.0, "accompaniment": 9.0, "voice_held": 0.8},
    "two": {"vocals": 6.0, "voice_held": 0.9},
}


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pretrained folder with one small model, "small"; returns its file."""
    recipe = Recipe(
        name="small", licence="CC0 1.0", backbone=Part("unet", {"widths": [4, 8], "norm": "none"})
    )
    path = tmp_path / "small.safetensors"
    save_model(path, recipe, MaskSeparator(recipe).state_dict(), SCORES, {"step": 1})
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    index = {"small": {"file": path.name, "sha256": digest, "speed": 72.4}}
    (tmp_path / "index.json").write_text(json.dumps(index), encoding="utf-8")
    for module in (catalogue, ship):
        monkeypatch.setattr(module, "pretrained_dir", lambda: tmp_path)
    return path


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(cli, ["models", *words])
    return result.exit_code, result.stdout, result.stderr


def test_table_lists_licence_size_rate_speed_and_score(shipped: Path) -> None:
    code, out, _ = run()
    assert code == 0
    heading, row = out.splitlines()
    assert heading.split() == ["name", "task", "licence", "size", "input", "speed", "score"]
    for fact in ("small", "CC0 1.0", "44100 Hz", "72 x", "vocals 5.0 dB", "accompaniment 9.0 dB"):
        assert fact in row


def test_segmenters_are_listed_too(shipped: Path, tmp_path: Path) -> None:
    recipe = replace(
        picture_recipe(tmp_path), name="shapes", licence="CC0 1.0", training_data="made"
    )
    weights = Segmenter(recipe).state_dict()
    path = tmp_path / "trained.safetensors"
    save_model(path, recipe, weights, {"val": {"mean IoU": 0.6543}}, {})
    ship_model(path, 12.0)
    code, out, _ = run()
    assert code == 0
    row = next(line for line in out.splitlines() if line.startswith("shapes"))
    for fact in ("segmentation", "3 classes", "12 pictures/s", "mean IoU 0.654"):
        assert fact in row
    rows = json.loads(run("--json")[1])
    assert [each["task"] for each in rows] == ["segmentation", "separation"]
    assert run("verify")[0] == 0


def test_json_lists_the_same(shipped: Path) -> None:
    code, out, _ = run("--json")
    assert code == 0
    (row,) = json.loads(out)
    assert row["name"] == "small"
    assert row["bytes"] == shipped.stat().st_size
    assert row["sdr_db"] == {"vocals": 5.0, "accompaniment": 9.0}  # mean of 4 and 6


@pytest.mark.parametrize("by", ["name", "path"])
def test_show_prints_the_card(shipped: Path, by: str) -> None:
    code, out, _ = run("show", "small" if by == "name" else str(shipped))
    assert code == 0
    facts = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert facts["licence"] == "CC0 1.0"
    assert facts["sha256"] == hashlib.sha256(shipped.read_bytes()).hexdigest()
    assert json.loads(facts["scores"]) == SCORES


def test_show_json_is_the_whole_card(shipped: Path) -> None:
    _, out, _ = run("show", "small", "--json")
    card = json.loads(out)
    assert card["recipe"]["backbone"]["params"]["widths"] == [4, 8]
    assert card["provenance"] == {"step": 1}


def test_verify_accepts_the_intact_file(shipped: Path) -> None:
    code, out, err = run("verify")
    assert (code, err) == (0, "")
    assert out.startswith("small: ok")


def test_verify_reports_one_flipped_bit(shipped: Path) -> None:
    data = bytearray(shipped.read_bytes())
    data[-1] ^= 1
    shipped.write_bytes(data)
    code, out, err = run("verify", "small")
    assert (code, out) == (1, "")
    assert "sha256" in err


def test_verify_goes_on_after_a_bad_one(shipped: Path) -> None:
    code, out, err = run("verify", "smal", "small")
    assert code == 1
    assert "did you mean 'small'" in err
    assert "small: ok" in out


def test_table_aligns_columns() -> None:
    assert table([["a", "bb"], ["ccc", ""]]) == "a    bb\nccc"
