"""`vocalsep data plan`."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.helpers.volumes import write_ellipsoids
from vocalsep.commands.data import command
from vocalsep.errors import DataError
from vocalsep.recipe import SegmentationRecipe, load_recipe


def run(*arguments: str) -> str:
    return CliRunner().invoke(command, ["plan", *arguments], catch_exceptions=False).output


def test_it_tells_and_writes_what_fits(tmp_path: Path) -> None:
    root = write_ellipsoids(tmp_path / "balls", {"train": 3, "val": 1}, (7, 20, 22), (4, 1, 1))
    told = run(str(root))
    for line in (
        "examples        3",
        "size            7 × 20 × 22 to 8 × 21 × 23",
        "spacing         4 × 1 × 1 to 4 × 1 × 1",
        "classes         3: nothing, bright, dark",
        "strides         1 × 1 × 1 1 × 2 × 2",
    ):
        assert line in told
    assert list(tmp_path.iterdir()) == [root]
    path = tmp_path / "recipe.yaml"
    assert f"{path}: written" in run(str(root), "-o", str(path), "--memory-gb", "2")
    recipe = load_recipe(path)
    assert isinstance(recipe, SegmentationRecipe) and recipe.pictures.root == str(root)


def test_what_is_wrong_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        run(str(tmp_path / "nowhere"), "-o", str(tmp_path / "recipe.yaml"))
    assert not (tmp_path / "recipe.yaml").exists()
