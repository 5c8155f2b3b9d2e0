"""`vocalsep watch` from the outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.helpers.fake_models import use_network
from tests.karaoke.songs import write_sound
from vocalsep.cli import cli
from vocalsep.models.identity import IdentitySeparator


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    use_network(monkeypatch, IdentitySeparator(gain=0.5, chunk_samples=8192))
    return tmp_path


def watch(*arguments: str) -> Result:
    options = ["--once", "--settle", "0.05", "--every", "0.1", "--json"]
    return CliRunner().invoke(cli, ["watch", *arguments, *options])


def kinds(result: Result) -> list[str]:
    found = [json.loads(line)["event"] for line in result.stdout.splitlines()]
    return [kind for kind in found if kind != "progress"]


def test_once(here: Path) -> None:
    write_sound(here / "songs" / "a.mp3")
    result = watch("songs")
    assert result.exit_code == 0, result.output
    assert kinds(result) == ["planned", "done"]
    assert (here / "songs" / "karaoke" / "a (Karaoke).mp3").is_file()
    assert kinds(watch("songs")) == []


def test_layouts(here: Path) -> None:
    write_sound(here / "songs" / "a.mp3")
    assert watch("songs", "--layout", "openhomekaraoke").exit_code == 0
    assert (here / "songs" / "nonvocal" / "a.mp3.m4a").is_file()
    assert watch("songs", "--layout", "no").exit_code == 2


def test_no_such_folder() -> None:
    result = watch("gone")
    assert result.exit_code == 2
    assert "gone: not a folder" in result.stdout
