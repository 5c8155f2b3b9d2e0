"""`vocalsep networks`: the table, one network, its drawing, its speed."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from vocalsep.backbones import BACKBONES
from vocalsep.bench import networks as bench
from vocalsep.cli import cli
from vocalsep.errors import RecipeError


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


def test_unknown_names_are_helped() -> None:
    for words in (["unet_clasic"], ["unet_clasic", "--draw"], ["unet_clasic", "--measure"]):
        with pytest.raises(RecipeError, match="did you mean 'unet_classic'"):
            CliRunner().invoke(cli, ["networks", *words], catch_exceptions=False)


def test_measured_table_names_the_machine_and_what_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fake(names: list[str], size: bench.Size) -> Iterator[bench.Measured]:
        assert (names, size) == (BACKBONES.names(), bench.Size(64, 32))
        yield bench.Measured("one", 1234, 5.678, 90.4)
        yield bench.Measured("two", failed="measuring failed: out of memory")

    monkeypatch.setattr(bench, "measure_all", fake)
    words = ("--measure", "--bins", "64", "--frames", "32")
    machine, _, one, two = run(*words).splitlines()
    assert "torch" in machine and "bins 64" in machine
    assert one.split() == ["one", "1,234", "5.7", "90"]
    assert "out of memory" in two
    assert json.loads(run(*words, "--json"))["results"][0]["x_real_time"] == 5.678
