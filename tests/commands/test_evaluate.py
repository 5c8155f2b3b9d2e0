"""`vocalsep evaluate`: a table and JSON from a model file and song folders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from tests.helpers.synth import RATE, music, tiny_recipe, voice, write_stem
from vocalsep.cli import cli
from vocalsep.errors import ModelError
from vocalsep.models.checkpoint import read_card, save_model
from vocalsep.models.separator import MaskSeparator


@pytest.fixture
def model(tmp_path: Path) -> str:
    torch.manual_seed(0)
    recipe = tiny_recipe(Path("bank"))
    path = tmp_path / "m.safetensors"
    save_model(path, recipe, MaskSeparator(recipe).state_dict(), {}, {})
    for name in ("one", "two"):
        write_stem(tmp_path / "songs" / name / "vocals.wav", voice(2 * RATE))
        write_stem(tmp_path / "songs" / name / "accompaniment.wav", music(2 * RATE))
    return str(path)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli, ["evaluate", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_table_has_a_row_a_song_and_the_mean(model: str, tmp_path: Path) -> None:
    lines = run(str(tmp_path / "songs"), "-m", model).splitlines()
    assert [line.split()[0] for line in lines] == ["song", "one", "two", "mean"]
    assert "ideal ratio mask" in lines[0]
    assert lines[1].split()[1:] == lines[2].split()[1:] == lines[3].split()[1:]


def test_json_and_stored_scores_agree(model: str, tmp_path: Path) -> None:
    rows = json.loads(run(str(tmp_path / "songs" / "one"), "-m", model, "--json", "--store"))
    assert rows["one"]["ideal ratio mask"]["vocals"] > rows["one"]["mixture"]["vocals"]
    assert read_card(Path(model)).scores == {"one": rows["one"]["model"]}


def test_a_shipped_model_is_not_rewritten(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vocalsep.models.catalogue.pretrained_dir", lambda: tmp_path)
    before = Path(model).read_bytes()
    result = CliRunner().invoke(cli, ["evaluate", str(tmp_path / "songs"), "-m", model, "--store"])
    assert isinstance(result.exception, ModelError)
    assert "is shipped" in str(result.exception)
    assert Path(model).read_bytes() == before
