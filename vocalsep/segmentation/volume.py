"""Segment volumes in files: at the spacing that the network knows, back at their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from vocalsep.data.pictures.augment import Example
from vocalsep.data.pictures.volumes import prepared, scaled, to_size
from vocalsep.errors import VocalsepError
from vocalsep.images.volume import read_volume, write_volume
from vocalsep.segmentation.predict import OnTile, Predictor
from vocalsep.segmentation.tiles import Floats


def segment_volume(
    predictor: Predictor, source: Path, output: Path, on_tile: OnTile | None = None
) -> npt.NDArray[np.uint8]:
    """Write the most probable class of every value of a volume, lying in space as it does.

    Args:
        predictor: of volumes.
        source: the volume; see `vocalsep/images/volume.py`.
        output: a file in any of its formats.
        on_tile: hears of the progress, 0…1.

    Returns:
        (*size) uint8, as written.

    Raises:
        UnreadablePicture: the volume cannot be read.
        VocalsepError: it does not fit the model.
        OutputError: the labels cannot be written.
    """
    if predictor.ndim != 3:
        raise VocalsepError(f"{source}: a volume, expected a picture, as {predictor.name} wants")
    volume = read_volume(source)
    size = volume.values.shape[1:]
    values = scaled(volume.values, predictor.pixels)
    example = Example(values, np.zeros(size, np.uint8))
    looked_at = prepared(example, volume.spacing, predictor.pixels).pixels
    found = predictor.probabilities(np.moveaxis(looked_at, 0, -1), on_tile)
    labels = most_probable_at(found, size)
    write_volume(output, labels, source)
    return labels


def most_probable_at(probabilities: Floats, size: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Labels (*size) of probabilities (K, *other size); only one class is enlarged at a time."""
    labels = np.zeros(size, np.uint8)
    highest = np.full(size, -np.inf, np.float32)
    nothing = np.zeros(probabilities.shape[1:], np.uint8)
    for label, of_class in enumerate(probabilities):
        here = to_size(Example(of_class[None], nothing), size).pixels[0]
        labels[here > highest] = label
        np.maximum(highest, here, out=highest)
    return labels
