"""Masks as COCO writes them: run lengths of columns, packed into text.

The pixels of a mask are read column by column; counts are the lengths of its runs, the first of
zeros (and 0 if the mask starts with a one). From the fourth count on, each is stored as its
difference to the one two before; every number is cut into groups of five bits, the lowest first,
and each group becomes one character: 48 + bits, + 32 if more groups follow. That is the
compressed form of COCO's API (Lin et al. 2014, cocodataset.org, "data format").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

_GROUP_BITS = 5
_MORE = 32
_FIRST_CHARACTER = 48
_SIGN = 16


def mask_counts(mask: npt.NDArray[np.bool_]) -> list[int]:
    """(H, W) -> lengths of its runs, column by column, that of zeros first.

    >>> mask_counts(np.array([[0, 1], [0, 1]], bool)), mask_counts(np.array([[1, 0]], bool))
    ([2, 2], [0, 1, 1])
    """
    flat = mask.ravel(order="F")
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    lengths = np.diff(np.concatenate([[0], changes, [flat.size]])).tolist()
    return [0, *lengths] if flat.size and flat[0] else lengths


def packed(counts: Sequence[int]) -> str:
    """Counts as COCO's compressed string.

    >>> packed([6, 1, 40, 4])
    '61X13'
    """
    groups: list[int] = []
    for index, count in enumerate(counts):
        groups += _groups(count - counts[index - 2] if index > 2 else count)
    return "".join(chr(_FIRST_CHARACTER + group) for group in groups)


def _groups(number: int) -> Iterator[int]:
    """Five bits at a time; the fifth bit of the last group is the sign."""
    while True:
        bits = number & (_MORE - 1)
        number >>= _GROUP_BITS
        if number == (-1 if bits & _SIGN else 0):
            yield bits
            return
        yield bits | _MORE
