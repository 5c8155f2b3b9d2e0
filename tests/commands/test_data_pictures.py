"""`vocalsep data pictures`: what is printed, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from tests.helpers.pictures import save_labels, save_picture
from vocalsep.cli import cli
from vocalsep.data.pictures.layouts import GUESSES


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for seed, split in enumerate(("train", "val")):
        save_picture(tmp_path / split / "a.png", (2, 4), seed)
        labels = np.array([[0, 0, 0, 1], [0, 0, 0, 11]], np.uint8)
        save_labels(tmp_path / f"{split}annot" / "a.png", labels)
    return tmp_path


def run(*arguments: object, code: int = 0) -> Result:
    words = ["data", *map(str, arguments)]
    result = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def test_a_table_of_splits_and_classes(root: Path) -> None:
    result = run("pictures", root, "--ignore", 11, "--workers", 1)
    assert "taken for the layout folder" in result.stderr
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[1] == ["train", "1", "1", "2", "×", "4", "2", "×", "4", "12.50%"]
    assert lines[5] == ["0", "85.714%", "85.714%", "0.583", "1.59"]
    assert lines[6] == ["1", "14.286%", "14.286%", "3.5", "6.63"]
    assert lines[-1] == ["0", "problems,", "0", "notes"]


def test_problems_end_in_exit_code_1(root: Path) -> None:
    words = ["--class", "sky", "--class", "road", "--layout", "folder", "--workers", 1]
    result = run("pictures", root, *words, code=1)
    assert result.stderr == ""
    assert "a.png: its pixels have the values 11, which are no class" in result.stdout
    assert result.stdout.splitlines()[-1] == "2 problems, 0 notes"


def test_as_json(root: Path) -> None:
    words = ["--class", "sky", "--class", "road", "--ignore", 11, "--split", "val"]
    found = json.loads(run("pictures", root, *words, "--json", "--workers", 1).stdout)
    assert found["ok"] is True
    assert found["classes"] == ["sky", "road"]
    assert found["summary"]["val"]["classes"]["sky"] == pytest.approx(6 / 7)
    assert found["pictures"]["val"][0]["counts"] == [6, 1]
    assert found["weights"]["median_frequency"] == pytest.approx([7 / 12, 3.5])


def test_layouts_of_pictures_are_listed() -> None:
    _, shown = run("layouts").stdout.split("\n\n")
    assert [line.split()[0] for line in shown.splitlines()[1:]] == list(GUESSES)
