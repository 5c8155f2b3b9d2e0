"""A picture and its label map."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from vocalsep.data.pictures.codes import Codes
from vocalsep.errors import DataError, UnreadablePicture
from vocalsep.images.labels import read_labels
from vocalsep.images.read import SIDEWAYS, Pixels, read_picture, upright

Labels: TypeAlias = npt.NDArray[np.uint8]  # (H, W) class index or IGNORE
#: Reads the raw numbers of a label map, (H, W). A module's function, so that workers can have it.
Decode: TypeAlias = Callable[[Path], npt.NDArray[np.integer[Any]]]


@dataclass(frozen=True)
class Pair:
    """Where a picture and its labels are.

    Attributes:
        name: the picture's, unique in its set.
        image: file.
        labels: file with the label map.
        codes: which class its numbers stand for.
        decode: reads the numbers.
    """

    name: str
    image: Path
    labels: Path
    codes: Codes
    decode: Decode = read_labels


def read_pair(pair: Pair, n_channels: int = 3) -> tuple[Pixels, Labels]:
    """Decode both.

    A picture that its EXIF data turns sideways may have a label map of either shape.

    Args:
        n_channels: 1 grey, 3 RGB.

    Returns:
        (H, W, n_channels) uint8 or uint16, and (H, W) uint8 class index or IGNORE.

    Raises:
        DataError: one of them cannot be read, they differ in size, or the label map has numbers
            that stand for no class.
    """
    with _as_data_error():
        picture = read_picture(pair.image, n_channels)
    pixels, orientation = picture.pixels, picture.info.orientation
    labels = read_pair_labels(pair)
    if labels.shape == pixels.shape[1::-1] and orientation in SIDEWAYS:
        labels = upright(labels, orientation)  # drawn over the picture as it is stored
    if labels.shape != pixels.shape[:2]:
        raise DataError(
            f"{pair.labels}: {labels.shape[1]} × {labels.shape[0]} pixels, expected "
            f"{pixels.shape[1]} × {pixels.shape[0]} as {pair.image.name} has; export it again"
        )
    return pixels, labels


def read_pair_labels(pair: Pair) -> Labels:
    """Only the labels, (H, W) uint8.

    Raises:
        DataError: as `read_pair`.
    """
    with _as_data_error():
        numbers = pair.decode(pair.labels)
    return pair.codes(numbers, str(pair.labels))


@contextmanager
def _as_data_error() -> Iterator[None]:
    """Files of a data set are the set's trouble: its error tells so."""
    try:
        yield
    except UnreadablePicture as error:
        raise DataError(str(error)) from error
