"""From the numbers in a label map to classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from vocalsep.errors import DataError

IGNORE = 255  # the label of pixels that neither train nor count: void, unknown
_MOST_NAMED = 8  # wrong values in a message


class Codes:
    """Which class a number in a label map stands for.

    Args:
        classes: number -> class index, or IGNORE.
        rest: what numbers stand for that are not in `classes`; None: they are mistakes.
    """

    def __init__(self, classes: Mapping[int, int], rest: int | None = None) -> None:
        self.classes = dict(classes)
        self.rest = rest

    @classmethod
    def of(cls, n_classes: int, ignored: Iterable[int] = (IGNORE,)) -> Codes:
        """Numbers that are class indices, and some that are void.

        >>> Codes.of(2)(np.array([[0, 1, 255]]), "mask.png").tolist()
        [[0, 1, 255]]
        """
        return cls({**dict.fromkeys(ignored, IGNORE), **{k: k for k in range(n_classes)}})

    def __call__(self, numbers: npt.NDArray[np.integer[Any]], name: str) -> npt.NDArray[np.uint8]:
        """Class indices.

        Args:
            numbers: of any shape.
            name: of the file, for messages.

        Raises:
            DataError: numbers that stand for no class.
        """
        if numbers.dtype == np.uint8:
            present = np.flatnonzero(np.bincount(numbers.ravel(), minlength=256))
            table = np.zeros(256, np.uint8)
            table[present] = self._looked_up(present, name)
            return np.asarray(table[numbers])
        # Label maps are long runs of one number: far fewer are sorted so.
        flat = numbers.ravel()
        starts = np.flatnonzero(np.append(True, flat[1:] != flat[:-1]))[: flat.size]
        distinct, where = np.unique(flat[starts], return_inverse=True)
        runs = self._looked_up(distinct, name)[where]
        lengths = np.diff(starts, append=flat.size)
        return np.asarray(np.repeat(runs, lengths).reshape(numbers.shape), np.uint8)

    def select(self, order: Sequence[int], ignored: Iterable[int] = ()) -> Codes:
        """The same numbers for other classes.

        Args:
            order: today's index of the new classes 0, 1, …; the others become void.
            ignored: numbers that become void.
        """
        new = {old: index for index, old in enumerate(order)}
        classes = {number: new.get(old, IGNORE) for number, old in self.classes.items()}
        rest = self.rest if self.rest is None else new.get(self.rest, IGNORE)
        return Codes({**classes, **dict.fromkeys(ignored, IGNORE)}, rest)

    def _looked_up(self, numbers: npt.NDArray[np.integer[Any]], name: str) -> npt.NDArray[np.uint8]:
        found = [self.classes.get(number, self.rest) for number in numbers.tolist()]
        if None not in found:
            return np.array(found, np.uint8)
        wrong = [n for n, index in zip(numbers.tolist(), found, strict=True) if index is None]
        shown = ", ".join(map(str, wrong[:_MOST_NAMED])) + " …" * (len(wrong) > _MOST_NAMED)
        raise DataError(
            f"{name}: its pixels have the values {shown}, which are no class; expected "
            f"{_ranges(self.classes)}; correct the file, or ignore these values"
        )


def _ranges(numbers: Iterable[int]) -> str:
    """Short for people.

    >>> _ranges([0, 1, 2, 7, 255])
    '0 to 2, 7, 255'
    """
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    texts = [str(low) if low == high else f"{low} to {high}" for low, high in runs]
    return ", ".join(texts[:12]) + (" …" if len(texts) > 12 else "")
