"""`vocalsep networks`: the table, one network, its drawing, its speed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from vocalsep.backbones import BACKBONES
from vocalsep.bench import networks as bench
from vocalsep.bench import runs
from vocalsep.cli import cli
from vocalsep.errors import DataError, RecipeError
from vocalsep.models.build import build_separator
from vocalsep.models.checkpoint import save_model
from vocalsep.recipe import Recipe, load_recipe

TINY = Path(__file__).parents[2] / "recipes" / "tiny.yaml"


def run(*words: str) -> str:
    result = CliRunner().invoke(cli, ["networks", *words], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_table_and_json_list_the_same_networks() -> None:
    heading, *rows = run().splitlines()
    assert heading.split() == ["name", "family", "nd", "parameters", "in", "→", "out", "paper"]
    found = json.loads(run("--json"))
    assert [row.split()[0] for row in rows] == [each["name"] for each in found]
    (unet,) = (row for row in rows if row.startswith("unet "))
    assert unet.split()[:6] == ["unet", "audio", "1,2,3", "9,823,313", "1", "→"]
    (own,) = (row for row in rows if row.startswith("se_unet "))
    assert "(31,261,315)" in own  # nobody else says so


def test_encoders_are_listed() -> None:
    heading, *rows = run("--encoders").splitlines()
    assert heading.split() == ["name", "parameters", "channels", "strides", "paper"]
    found = json.loads(run("--encoders", "--json"))
    assert [row.split()[0] for row in rows] == [each["name"] for each in found]
    assert "alexnet             2,469,696    64 192 256" in rows[0]
    assert found[-1]["strides"] == [2, 4, 8, 16, 32]


def test_one_network_is_described() -> None:
    out = run("tfc_tdf_v1")
    assert out.startswith("tfc_tdf_v1: Five densely connected convolutions")
    assert "n_bins      required" in out
    assert "987,476 parameters, 4 → 4 with {'n_bins': 1024} (ws-choi" in out
    known = json.loads(run("tfc_tdf_v1", "--json"))
    assert known["parameters"]["width"] == "24"
    assert known["references"][0]["n_parameters"] == 987_476
    assert known["parts"][0]["class"] == "Stack"


def test_drawing() -> None:
    assert run("unet_classic", "--draw").startswith("flowchart TB\n  input([input])")


def trained(run_folder: Path, backbone: str, sdr_db: float | None) -> None:
    """A run folder as training leaves it."""
    changes = ["backbone.params={}", "backbone.params={widths: [4, 8]}"]
    recipe = load_recipe(TINY, [f"backbone.name={backbone}", *changes])
    assert isinstance(recipe, Recipe)
    scores = {} if sdr_db is None else {"a": {"vocals": sdr_db - 1}, "b": {"vocals": sdr_db + 1}}
    weights = build_separator(recipe).state_dict()
    save_model(run_folder / runs.BEST, recipe, weights, scores, {"examples": 40})


def test_runs_are_compared_the_best_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained(tmp_path / "a", "unet", None)
    trained(tmp_path / "b", "unet", 2.0)
    trained(tmp_path / "c", "attention_unet", 3.25)
    monkeypatch.setattr(runs, "run_job", lambda *_: {"x_real_time": 12.34})
    machine, _, *rows = run("--runs", str(tmp_path)).splitlines()
    assert "threads 2" in machine
    assert [row.split()[:2] for row in rows] == [
        ["c", "attention_unet"],
        ["b", "unet"],
        ["a", "unet"],
    ]
    assert [row.split()[3:] for row in rows] == [
        ["40", "12.3", each] for each in ("3.25", "2.00", "-")
    ]
    found = json.loads(run("--runs", str(tmp_path), "--json"))["results"]
    assert found[1]["n_parameters"] == int(rows[1].split()[2].replace(",", ""))


def test_no_runs() -> None:
    with pytest.raises(DataError, match=r"no run with a best.safetensors"):
        CliRunner().invoke(cli, ["networks", "--runs", "nowhere"], catch_exceptions=False)


def test_unknown_names_are_helped() -> None:
    for words in (["unet_clasic"], ["unet_clasic", "--draw"], ["unet_clasic", "--measure"]):
        with pytest.raises(RecipeError, match="did you mean 'unet_classic'"):
            CliRunner().invoke(cli, ["networks", *words], catch_exceptions=False)


def test_measured_table_names_the_machine_and_what_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fake(names: list[str], size: bench.Size, rounds: int) -> Iterator[bench.Measured]:
        assert (names, size, rounds) == (BACKBONES.names(), bench.Size(64, 32), 3)
        for speed in (5.0, 5.678, 4.0):
            yield bench.Measured("one", 1234, speed, 90.4)
            yield bench.Measured("two", failed="measuring failed: out of memory")

    monkeypatch.setattr(bench, "measure_all", fake)
    words = ("--measure", "--bins", "64", "--frames", "32", "--rounds", "3")
    machine, _, one, two = run(*words).splitlines()
    assert "torch" in machine and "bins 64" in machine and "load before" in machine
    assert one.split() == ["one", "1,234", "5.7", "90"]
    assert "out of memory" in two
    assert json.loads(run(*words, "--json"))["results"][0]["x_real_time"] == 5.678
