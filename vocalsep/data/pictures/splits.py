"""Parts of a data set by name: "train", "train+val", "train[:90%]", "train[-100:]+extra".

A slice counts pictures in the order of the set, or per cent of them, as the splits of TensorFlow
Datasets do; neighbours in that order, such as frames of one video, should stay on one side.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from vocalsep.errors import DataError

ItemT = TypeVar("ItemT")

_BOUND = r"(-?\d+%?)?"
_SPLIT = re.compile(rf"([^\[\]+]+)(?:\[{_BOUND}:{_BOUND}\])?")


@dataclass(frozen=True)
class Split:
    """One part.

    Attributes:
        name: of the set's own split.
        start, stop: of the slice: "", "12", "-12", "90%".
    """

    name: str
    start: str = ""
    stop: str = ""

    def cut(self, items: Sequence[ItemT]) -> list[ItemT]:
        """What the slice leaves of the split.

        >>> Split("train", "50%", "-1").cut("abcdef")
        ['d', 'e']
        """
        return list(items[_place(self.start, len(items)) : _place(self.stop, len(items))])


def parse_splits(text: str) -> list[Split]:
    """The parts that a text names.

    >>> parse_splits("train[:90%]+val")
    [Split(name='train', start='', stop='90%'), Split(name='val', start='', stop='')]

    Raises:
        DataError: it cannot be understood.
    """
    found = []
    for part in text.split("+"):
        match = _SPLIT.fullmatch(part)
        if match is None:
            raise DataError(
                f"the split {part!r} cannot be understood: expected a name, or a slice such as "
                f'"train[:90%]" or "train[-100:]"'
            )
        found.append(Split(match[1], match[2] or "", match[3] or ""))
    return found


def _place(text: str, n: int) -> int | None:
    if not text:
        return None
    return round(int(text[:-1]) * n / 100) if text.endswith("%") else int(text)
