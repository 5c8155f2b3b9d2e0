"""Lookup by name, and messages that help."""

from __future__ import annotations

import pytest

from vocalsep.errors import RecipeError
from vocalsep.registry import Registry


@pytest.fixture
def shapes() -> Registry:  # type: ignore[type-arg]
    registry: Registry = Registry("shape")  # type: ignore[type-arg]

    @registry.register("box")
    def box(colour: str, width: int, height: int = 2) -> tuple[str, int, int]:
        return colour, width, height

    return registry


def test_builds_with_positional_and_named(shapes: Registry) -> None:  # type: ignore[type-arg]
    assert shapes.build("box", {"width": 3}, "red") == ("red", 3, 2)


@pytest.mark.parametrize(
    ("name", "params", "says"),
    [
        ("bxo", {}, "did you mean 'box'"),
        ("box", {"widht": 1}, "did you mean 'width'"),
        ("box", {"colour": "blue", "width": 1}, "no parameter 'colour'"),
        ("box", {}, "missing"),
        ("box", {"width": 1.5}, "width is 1.5: expected a whole number"),
        ("box", {"width": True}, "width is True: expected a whole number"),
        ("box", {"width": [1]}, r"width is \[1\]: expected a whole number"),
    ],
)
def test_mistakes_are_named(shapes, name, params, says) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(RecipeError, match=says):
        shapes.build(name, params, "red")


def test_a_name_is_taken_once(shapes: Registry) -> None:  # type: ignore[type-arg]
    with pytest.raises(ValueError, match="twice"):
        shapes.register("box")(lambda: None)
