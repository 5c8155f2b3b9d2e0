"""docs/images.md tells the truth: its layouts, its augmentations and their parameters."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import pytest

from vocalsep.data.pictures.augment import PICTURE_AUGMENTATIONS
from vocalsep.data.pictures.layouts import PICTURE_LAYOUTS
from vocalsep.images.read import MOST_PIXELS
from vocalsep.training.losses.labels import LABEL_LOSSES

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


def test_every_loss_is_told() -> None:
    assert sorted(rows("Losses of pictures")) == LABEL_LOSSES.names()


@pytest.mark.parametrize("name", [name for name in LABEL_LOSSES.names() if name != "weighted_sum"])
def test_parameters_of_losses_are_told(name: str) -> None:
    told = dict(re.findall(r"`(\w+): ([^`]+)`", rows("Losses of pictures")[name]))
    parameters = inspect.signature(LABEL_LOSSES.get(name)).parameters.values()
    defaults = {each.name: each.default for each in parameters}
    read = {key: json.loads(value) for key, value in told.items()}
    assert read == {
        key: list(value) if isinstance(value, tuple) else value for key, value in defaults.items()
    }


def test_the_limit_is_told() -> None:
    assert f"{MOST_PIXELS:,}" in PAGE
