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
        numbers = sorted(self.classes)
        self._numbers = np.array(numbers, np.int64)
        self._indices = np.array([self.classes[n] for n in numbers], np.uint8)
        self._direct = np.full(256, IGNORE, np.uint8)
        self._known = np.full(256, rest is not None)
        if rest is not None:
            self._direct[:] = rest
        for number in numbers:
            if 0 <= number < 256:
                self._direct[number] = self.classes[number]
                self._known[number] = True

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
            if not self._known.all():
                present = np.bincount(numbers.ravel(), minlength=256) > 0
                self._refuse(np.flatnonzero(present & ~self._known), name)
            return np.asarray(self._direct[numbers])
        # Label maps are long runs of one number: far fewer are sorted so.
        flat = numbers.ravel()
        starts = np.flatnonzero(np.append(True, flat[1:] != flat[:-1]))[: flat.size]
        distinct, where = np.unique(flat[starts], return_inverse=True)
        runs = self._distinct(distinct.astype(np.int64), name)[where]
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

    def _distinct(self, numbers: npt.NDArray[np.int64], name: str) -> npt.NDArray[np.uint8]:
        place = np.searchsorted(self._numbers, numbers)
        place[place == len(self._numbers)] = 0
        known = np.zeros(len(numbers), bool)
        if len(self._numbers):
            known = self._numbers[place] == numbers
        if self.rest is None:
            self._refuse(numbers[~known], name)
        indices = np.full(len(numbers), IGNORE if self.rest is None else self.rest, np.uint8)
        indices[known] = self._indices[place[known]]
        return indices

    def _refuse(self, wrong: npt.NDArray[np.integer[Any]], name: str) -> None:
        if not len(wrong):
            return
        shown = ", ".join(map(str, wrong[:_MOST_NAMED])) + (
            " …" if len(wrong) > _MOST_NAMED else ""
        )
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
