"""The training benchmark: numbers of a made bank, alone and as two processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.synth import make_bank
from vocalsep.bench import training
from vocalsep.bench.jobs import Setting
from vocalsep.bench.report import MEASURES
from vocalsep.data.bank import Bank
from vocalsep.errors import RecipeError
from vocalsep.recipe import Recipe

TINY = Path(__file__).parents[2] / "recipes" / "tiny.yaml"


def setting_of(folder: Path, more: str = "") -> Setting:
    make_bank(folder / "data")
    recipe = folder / "tiny.yaml"
    text = TINY.read_text(encoding="utf-8").replace("banks/tiny", str(folder / "data"))
    recipe.write_text(text.replace("batch_size: 4", f"batch_size: {more or 4}"), encoding="utf-8")
    return Setting(device="cpu", recipe=str(recipe))


def test_it_counts_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "LEAST_S", 0.0)
    found = training.measure_training(setting_of(tmp_path), str(tmp_path))
    assert set(found) == {
        "examples_per_s",
        "cached_examples_per_s",
        "data_wait_percent",
        "x_real_time",
    }
    assert found["examples_per_s"] > 0 and 0 <= found["data_wait_percent"] <= 100
    assert found["x_real_time"] == pytest.approx(found["examples_per_s"] * 63 * 64 / 8000, abs=0.1)
    assert not (tmp_path / "run").exists()


def test_the_made_bank_has_every_stem(tmp_path: Path) -> None:
    recipe = Recipe("x", ["vocals", "drums"], "other")
    training.write_bank(tmp_path / "bank", recipe, seconds=10)
    bank = Bank(tmp_path / "bank")
    bank.check_files()
    assert {track.target for track in bank.tracks} == {"vocals", "drums", "other"}


def test_too_small_a_batch_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(RecipeError, match="at least one example for each of 2"):
        training.measure_training(setting_of(tmp_path, "1"), str(tmp_path))


@pytest.mark.slow
def test_one_and_two_processes(tmp_path: Path) -> None:
    results = list(MEASURES["training"](setting_of(tmp_path)))
    assert len(results) == 10
    assert all(result.value >= 0 for result in results)
