"""Numbers of label maps as classes."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocalsep.data.pictures.codes import IGNORE, Codes
from vocalsep.errors import DataError

DTYPES = (np.uint8, np.uint16, np.int32, np.uint32)


@given(
    st.dictionaries(st.integers(0, 255), st.integers(0, 254) | st.just(IGNORE), max_size=30),
    st.none() | st.just(IGNORE) | st.just(3),
    st.lists(st.integers(0, 255), min_size=1, max_size=40),
)
def test_every_type_is_looked_up_as_a_dictionary(
    classes: dict[int, int], rest: int | None, numbers: list[int]
) -> None:
    codes = Codes(classes, rest)
    for dtype in DTYPES:
        array = np.array([numbers], dtype)
        if rest is None and not set(numbers) <= set(classes):
            with pytest.raises(DataError, match=r"^a\.png: its pixels have the values \d"):
                codes(array, "a.png")
            continue
        out = codes(array, "a.png")
        assert out.dtype == np.uint8
        assert out.tolist() == [[classes.get(n, rest) for n in numbers]]


def test_large_numbers_and_negative_ones() -> None:
    codes = Codes({-1: IGNORE, 70_000: 1, 2**24 - 1: 2})
    out = codes(np.array([[-1, 70_000], [2**24 - 1, -1]], np.int64), "a")
    assert out.tolist() == [[IGNORE, 1], [2, IGNORE]]


def test_wrong_values_are_named_and_bounded() -> None:
    with pytest.raises(DataError) as caught:
        Codes.of(3)(np.arange(100, dtype=np.uint8)[None], "m.png")
    text = str(caught.value)
    assert "values 3, 4, 5, 6, 7, 8, 9, 10 …" in text
    assert "expected 0 to 2, 255" in text
    assert "\n" not in text


def test_selecting_reorders_and_drops_classes() -> None:
    codes = Codes({7: 0, 8: 1, 9: 2}, rest=1).select([2, 1], ignored=[8])
    out = codes(np.array([7, 8, 9, 50], np.uint8), "a")
    assert out.tolist() == [IGNORE, IGNORE, 0, 1]
    strict = Codes.of(2).select([1, 0])
    assert strict(np.array([[0, 1, 255]], np.uint8), "a").tolist() == [[1, 0, IGNORE]]
    with pytest.raises(DataError):
        strict(np.array([5], np.uint8), "a")


def test_codes_travel_to_other_processes() -> None:
    codes = pickle.loads(pickle.dumps(Codes.of(4)))
    assert codes(np.array([3], np.uint8), "a").tolist() == [3]
