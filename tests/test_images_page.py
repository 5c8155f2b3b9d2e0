"""docs/images.md tells the truth: its layouts, its augmentations and their parameters."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from vocalsep.data.pictures.augment import PICTURE_AUGMENTATIONS
from vocalsep.data.pictures.layouts import PICTURE_LAYOUTS
from vocalsep.images.read import MOST_PIXELS

PAGE = (Path(__file__).parents[1] / "docs" / "images.md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, str]:
    """First cell -> the other cells, of the first table below a heading."""
    table = re.search(rf"^## {heading}\n.*?\n\n(\|.*?)\n\n", PAGE, re.MULTILINE | re.DOTALL)
    assert table is not None
    lines = table.group(1).splitlines()[2:]
    return {line.split("|")[1].strip(" `"): "|".join(line.split("|")[2:]) for line in lines}


def test_every_layout_is_told() -> None:
    assert sorted(rows("Data sets")) == PICTURE_LAYOUTS.names()


def test_every_augmentation_is_told() -> None:
    assert sorted(rows("Augmentations")) == PICTURE_AUGMENTATIONS.names()


@pytest.mark.parametrize("name", PICTURE_AUGMENTATIONS.names())
def test_parameters_and_defaults_are_told(name: str) -> None:
    told = dict(re.findall(r"`(\w+): (\[.*?\]|[^`]+)`", rows("Augmentations")[name]))
    parameters = list(inspect.signature(PICTURE_AUGMENTATIONS.get(name)).parameters.values())[1:]
    assert list(told) == [each.name for each in parameters]
    for each in parameters:
        if isinstance(each.default, str):
            assert told[each.name] == each.default
        else:
            numbers = [float(n) for n in re.findall(r"-?[\d.]+", told[each.name])]
            assert numbers == list(
                each.default if isinstance(each.default, tuple) else [each.default]
            )


def test_the_limit_is_told() -> None:
    assert f"{MOST_PIXELS:,}" in PAGE
