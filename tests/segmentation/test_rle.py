"""Run lengths against a decoder written from the format, and against COCO's own strings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vocalsep.segmentation.rle import mask_counts, packed
from vocalsep.segmentation.shapes import coco

Mask = npt.NDArray[np.bool_]
#: Shape, pixels that are set, what pycocotools 2.0.11 makes of it.
KNOWN = [
    ((1, 1), [], "1"),
    ((1, 1), [(0, 0)], "01"),
    ((3, 4), [(0, 0), (1, 0), (2, 3)], "029O"),
    ((4, 3), [(0, 1), (1, 1), (3, 2)], "425O"),
    ((5, 7), [(1, 1), (2, 1), (3, 1), (1, 3), (2, 3), (4, 6)], "637O9O"),
    ((40, 2), [(0, 0), (39, 0), (5, 1), (6, 1)], "01V10oN1l0"),
]
DISC = (
    "nR2a0_28I6K4L4L4M2N2M4M2N2N2N2N2N2O0O2N2N2O0O2O0O2O0O2O000O2O00000O2O0000000000000"
    "0000000000000000001N1000001N10001N101N101N101N2N2N101N2N2N2N2N2N3L3N2N3L4L4L5J7HZm1"
)
masks = arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))


def unpacked(text: str) -> list[int]:
    """Numbers of a compressed string, read digit by digit as the format describes them."""
    counts: list[int] = []
    value = shift = 0
    for character in text:
        group = ord(character) - 48
        assert 0 <= group < 64
        value |= (group & 31) << shift
        shift += 5
        if not group & 32:
            if group & 16:
                value -= 1 << shift
            counts.append(value + (counts[-2] if len(counts) > 2 else 0))
            value = shift = 0
    return counts


def painted(counts: list[int], shape: tuple[int, int]) -> Mask:
    flat = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return flat.reshape(shape, order="F")


@settings(deadline=None)
@given(masks)
def test_counts_paint_the_mask(mask: Mask) -> None:
    counts = mask_counts(mask)
    np.testing.assert_array_equal(painted(counts, mask.shape), mask)
    assert all(count > 0 for count in counts[1:])


@settings(deadline=None)
@given(st.lists(st.integers(0, 10**9), max_size=20))
def test_strings_hold_any_counts(counts: list[int]) -> None:
    assert unpacked(packed(counts)) == counts


@pytest.mark.parametrize(("shape", "ones", "text"), KNOWN)
def test_strings_are_those_of_pycocotools(
    shape: tuple[int, int], ones: list[tuple[int, int]], text: str
) -> None:
    """Made with pycocotools 2.0.11: encode(np.asfortranarray(mask))["counts"]."""
    mask = np.zeros(shape, bool)
    for row, column in ones:
        mask[row, column] = True
    assert packed(mask_counts(mask)) == text


def test_strings_of_large_masks_are_those_of_pycocotools() -> None:
    rows, columns = np.indices((100, 120))
    disc = (rows - 50) ** 2 + (columns - 60) ** 2 < 40**2
    assert packed(mask_counts(disc)) == DISC
    assert unpacked(DISC) == mask_counts(disc)


def test_a_coco_document() -> None:
    labels = np.array([[0, 0, 2], [0, 2, 2]], np.uint8)
    document = coco(labels, ["ground", "thing", "other"], "photo.jpg")
    assert document["images"] == [{"id": 1, "file_name": "photo.jpg", "height": 2, "width": 3}]
    assert document["categories"][2] == {"id": 2, "name": "other"}
    first, second = document["annotations"]
    assert (first["category_id"], second["category_id"]) == (0, 2)
    assert (second["area"], second["bbox"]) == (3, [1, 0, 2, 2])
    assert second["segmentation"]["size"] == [2, 3]
    assert unpacked(second["segmentation"]["counts"]) == [3, 3]
