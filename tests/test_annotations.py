"""Values from recipes against annotations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import pytest

from vocalsep.annotations import annotations_of, fits, told

CASES: list[tuple[Any, list[object], list[object], str]] = [
    (int, [3, -1], [3.0, True, "3", None, [3]], "a whole number"),
    (float, [3, 2.5], [True, "x", None], "a number"),
    (bool, [True, False], [1, "true", None], "true or false"),
    (str, ["x"], [1, None, ["x"]], "text"),
    (int | None, [1, None], ["x"], "a whole number or null"),
    (Sequence[int], [[], [1, 2], (1,)], ["12", 1, [1.5], [[1]]], "a list (each a whole number)"),
    (tuple[int, ...], [[], [1, 2]], [1, ["x"]], "a list (each a whole number)"),
    (
        tuple[int, int],
        [[1, 2], (1, 2)],
        [[1], [1, 2, 3], 1, "ab"],
        "a list of 2 (each a whole number)",
    ),
    (Mapping[str, Any], [{}, {"a": 1}], [[], "a", None], "keys with values"),
    (Literal["x", "y"], ["x", "z"], [], "Literal"),
    (Any, [1, None, "x"], [], "Any"),
    (Callable[[int], int], [1, None], [], "Callable"),
]


@pytest.mark.parametrize(("kind", "fitting", "others", "words"), CASES)
def test_what_fits(kind: Any, fitting: list[object], others: list[object], words: str) -> None:
    assert [value for value in fitting if not fits(value, kind)] == []
    assert [value for value in others if fits(value, kind)] == []
    assert told(kind).startswith(words)


def test_annotations_of_classes_functions_and_partial_calls() -> None:
    class Box:
        def __init__(self, width: int, *, name: str = "") -> None:
            pass

    def box(width: int, name: NoSuchType) -> None:  # type: ignore[name-defined]  # noqa: F821
        pass

    assert annotations_of(partial(partial(Box, 1), name="x"))["name"] is str
    assert annotations_of(box) == {}
