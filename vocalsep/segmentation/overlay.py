"""Labels over the picture they belong to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from vocalsep.images.labels import Colour

Rgb = npt.NDArray[np.uint8]  # (H, W, 3)
Labels = npt.NDArray[np.uint8]  # (H, W)

#: How much of the overlay is the colour of the class.
ALPHA = 0.5

_TEXT_PX = 16
_GAP_PX = 6
_DARK, _LIGHT = (24, 24, 24), (240, 240, 240)


def displayed(pixels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]) -> Rgb:
    """(H, W, C) pixels, grey or RGB, as a screen shows them: (H, W, 3) uint8."""
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    return np.broadcast_to(pixels, (*pixels.shape[:2], 3)).astype(np.uint8, copy=False)


def overlaid(rgb: Rgb, labels: Labels, palette: Sequence[Colour]) -> Rgb:
    """(1 − α) · picture + α · colour of the class, rounded."""
    # One table a class and channel value: no floating point picture is ever held.
    values = np.arange(256, dtype=np.float64)
    tints = np.array(palette, np.float64)  # (K, 3)
    mixed = (1.0 - ALPHA) * values[:, None, None] + ALPHA * tints  # (value, K, channel)
    table = np.rint(mixed).astype(np.uint8)
    out: Rgb = table[rgb, labels[..., None], np.arange(3)]
    return out


def legend(width: int, entries: Sequence[tuple[str, Colour]]) -> Rgb:
    """(h, width, 3) names beside their colours, in as many columns as fit."""
    font = ImageFont.load_default(_TEXT_PX)
    widest = max(font.getlength(name) for name, _ in entries)
    column = int(widest) + _TEXT_PX + 3 * _GAP_PX
    n_columns = max(1, width // column)
    row = _TEXT_PX + _GAP_PX
    n_rows = -(-len(entries) // n_columns)
    image = Image.new("RGB", (width, n_rows * row + _GAP_PX), _DARK)
    draw = ImageDraw.Draw(image)
    for index, (name, colour) in enumerate(entries):
        x = index % n_columns * column + _GAP_PX
        y = index // n_columns * row + _GAP_PX
        draw.rectangle((x, y, x + _TEXT_PX - 1, y + _TEXT_PX - 1), colour, _LIGHT)
        middle = (x + _TEXT_PX + _GAP_PX, y + _TEXT_PX // 2)
        draw.text(middle, name, _LIGHT, font, anchor="lm")
    return np.asarray(image)
