"""Colours for classes."""

from __future__ import annotations

from vocalsep.images.labels import Colour


def voc_palette(n_classes: int) -> list[Colour]:
    """The colour map of PASCAL VOC: bits 0, 3, 6, … of the index are the highest bits of red,

    bits 1, 4, 7, … those of green, bits 2, 5, 8, … those of blue (VOC development kit, 2012).

    >>> voc_palette(4)
    [(0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0)]
    """
    return [
        (_channel(index), _channel(index >> 1), _channel(index >> 2)) for index in range(n_classes)
    ]


def _channel(index: int) -> int:
    return sum((index >> 3 * place & 1) << 7 - place for place in range(8))
