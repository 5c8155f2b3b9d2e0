"""`vocalsep bench` prints a table or JSON of what was measured, under the machine's name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.helpers.segmenting import picture_recipe
from vocalsep.bench.jobs import Setting
from vocalsep.bench.report import MEASURES, Result, measures_of
from vocalsep.cli import cli
from vocalsep.models.checkpoint import save_model
from vocalsep.models.segmenter import Segmenter


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Setting]:
    """Replaces the measure "memory" by one that notes its setting; returns the notes."""
    settings: list[Setting] = []

    def fake(setting: Setting) -> list[Result]:
        settings.append(setting)
        return [Result(f"peak memory, {m} min", 400.0 + m, "MB") for m in setting.minutes]

    monkeypatch.setitem(MEASURES, "memory", fake)
    return settings


def test_options_reach_the_measure(asked: list[Setting]) -> None:
    words = "--only memory --minutes 1 --minutes 2 -m other --quality fast --device cpu --threads 3"
    result = CliRunner().invoke(cli, ["bench", *words.split()])
    assert result.exit_code == 0, result.output
    assert asked == [Setting("other", "fast", "cpu", 3, (1, 2), None)]
    assert "peak memory, 2 min  402.00  MB" in result.output
    assert "model other" in result.output


def test_json_holds_machine_and_results(asked: list[Setting]) -> None:
    result = CliRunner().invoke(cli, ["bench", "--only", "memory", "--json"])
    content = json.loads(result.output)
    assert content["machine"]["cores"].isdigit()
    assert [found["value"] for found in content["results"]] == [403.0, 430.0]
    assert asked == [Setting()]


def test_each_task_has_its_measures(tmp_path: Path) -> None:
    recipe = picture_recipe(tmp_path)
    path = tmp_path / "shapes.safetensors"
    save_model(path, recipe, Segmenter(recipe).state_dict(), {}, {})
    assert measures_of(str(path)) == ["pictures"]
    assert measures_of("vocals") == [name for name in MEASURES if name != "pictures"]
    results = list(MEASURES["pictures"](Setting(str(path), threads=1)))
    assert [result.unit for result in results] == ["pictures/s"] * 2
    assert all(result.value > 1 for result in results)


def test_unknown_measures_are_usage_errors() -> None:
    result = CliRunner().invoke(cli, ["bench", "--only", "speed"])
    assert result.exit_code == 2
