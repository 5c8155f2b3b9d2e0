"""Label maps: pictures whose pixels are numbers, not colours.

A label map is read as the raw numbers that are in its file; which class they stand for is told by
the layout of the data set.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from vocalsep.atomic import write_whole
from vocalsep.errors import UnreadablePicture
from vocalsep.images.read import open_image

Labels: TypeAlias = npt.NDArray[np.integer[Any]]  # (H, W)
Colour: TypeAlias = tuple[int, int, int]  # RGB, 0…255 each

_PLACES = np.array([1, 256, 65536], np.uint32)


def read_labels(path: Path) -> Labels:
    """The raw numbers of a label map: palette index, grey value, or 16-bit value.

    EXIF rotation is not applied: programs that write label maps write none.

    Returns:
        (H, W) uint8, uint16 or int32.

    Raises:
        UnreadablePicture: as `read_picture`; or it is a colour picture, whose pixels are no
            numbers.
    """
    with open_image(path) as image:
        if image.mode in ("P", "L", "1") or image.mode.startswith("I"):
            values: Labels = np.asarray(image)
            return values.astype(np.uint8) if values.dtype == bool else _native(values)
        if image.mode in ("LA", "PA"):
            return np.asarray(image)[:, :, 0]
        colours = np.asarray(image.convert("RGB"))
    if (colours[..., :1] == colours[..., 1:]).all():
        return np.ascontiguousarray(colours[..., 0])
    raise UnreadablePicture(
        f"{path}: a picture in colours ({image.mode}), expected a label map with one number a "
        f"pixel; tell which colour is which class, or save it with a palette"
    )


def read_colours(path: Path) -> npt.NDArray[np.uint32]:
    """A colour-coded label map: each pixel's colour as one number, see `pack`.

    Returns:
        (H, W) uint32.

    Raises:
        UnreadablePicture: as `read_picture`.
    """
    with open_image(path) as image:
        rgb = np.asarray(image.convert("RGB"))
    return pack(rgb)


def pack(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """(…, 3) colours as R + 256 G + 65536 B, the ids of COCO's panoptic PNGs.

    >>> pack(np.array([[1, 2, 3]], np.uint8)).tolist()
    [197121]
    """
    return np.asarray(rgb.astype(np.uint32) @ _PLACES, np.uint32)


def has_colours(path: Path) -> bool:
    """Whether a label map's pixels are colours, by its header.

    Raises:
        UnreadablePicture: as `read_picture`.
    """
    with open_image(path) as image:
        return image.mode in ("RGB", "RGBA", "RGBX", "CMYK", "YCbCr")


def write_labels(
    path: Path, labels: npt.NDArray[np.integer[Any]], palette: Sequence[Colour]
) -> None:
    """Write class indices as a PNG that viewers show in colours.

    Args:
        labels: (H, W), 0…255.
        palette: colour of index 0, 1, …; indices beyond it are black.

    Raises:
        ValueError: more than 256 classes, which an index PNG cannot hold.
        OutputError: the file cannot be written.
    """
    highest = int(labels.max(initial=0))
    if len(palette) > 256 or highest > 255 or int(labels.min(initial=0)) < 0:
        raise ValueError(
            f"{max(len(palette), highest + 1)} classes: an index PNG holds at most 256"
        )
    image = Image.fromarray(labels.astype(np.uint8))
    # Pillow stores as few bits a pixel as the palette needs: it must reach up to every index.
    colours = [*palette, *[(0, 0, 0)] * (highest + 1 - len(palette))]
    image.putpalette(bytes(value for colour in colours for value in colour))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=False)
    write_whole(path, buffer.getvalue())


def _native(values: Labels) -> Labels:
    """In this machine's byte order, which torch and lookups need."""
    return np.ascontiguousarray(values, values.dtype.newbyteorder("="))
