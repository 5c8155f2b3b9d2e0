"""Volumes as examples: of one spacing, with values of one scale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from vocalsep.data.pictures.augment.base import Example
from vocalsep.data.pictures.augment.resample import Span, window
from vocalsep.data.pictures.pair import Pair, read_pair_labels
from vocalsep.errors import DataError, UnreadablePicture
from vocalsep.images.volume import Values, read_volume
from vocalsep.recipe.segmentation import Pixels


def read_volume_example(pair: Pair, pixels: Pixels) -> Example:
    """A volume and its labels as the network gets them, (C, *size) and (*size).

    Raises:
        DataError: one of them cannot be read, they do not fit, or it has other channels than the
            network.
    """
    try:
        volume = read_volume(pair.image)
    except UnreadablePicture as error:
        raise DataError(str(error)) from error
    labels = read_pair_labels(pair)
    size = volume.values.shape[1:]
    if labels.shape != size:
        raise DataError(
            f"{pair.labels}: {_told(labels.shape)} values, expected {_told(size)} as "
            f"{pair.image.name} has; export it again"
        )
    if len(volume.values) != pixels.in_channels:
        raise DataError(
            f"{pair.image}: it has {len(volume.values)} channels, expected {pixels.in_channels} "
            f"(pixels.in_channels)"
        )
    return prepared(Example(scaled(volume.values, pixels), labels), volume.spacing, pixels)


def scaled(values: Values, pixels: Pixels) -> npt.NDArray[np.float32]:
    """Values (C, *size) as they are, or each channel with mean 0 and standard deviation 1."""
    floats = np.asarray(values, np.float32)
    if not pixels.z_score:
        return floats
    axes = tuple(range(1, floats.ndim))
    mean = floats.mean(axes, np.float64, keepdims=True).astype(np.float32)
    std = floats.std(axes, np.float64, keepdims=True).astype(np.float32)
    return np.asarray((floats - mean) / np.maximum(std, 1e-8), np.float32)


def prepared(example: Example, spacing: Sequence[float], pixels: Pixels) -> Example:
    """An example at the spacing that the network is made for; values linearly, labels nearest."""
    return _to_size(example, size_at(example.labels.shape, spacing, pixels))


def size_at(size: Sequence[int], spacing: Sequence[float], pixels: Pixels) -> tuple[int, ...]:
    """How many values a volume of this spacing has at that of the network along each axis."""
    wanted = pixels.spacing or spacing
    return tuple(
        max(1, round(n * old / new)) for n, old, new in zip(size, spacing, wanted, strict=True)
    )


def resized(values: npt.NDArray[np.float32], size: Sequence[int]) -> npt.NDArray[np.float32]:
    """(C, *n) -> (C, *size), linearly, as examples are."""
    nothing = np.zeros(values.shape[1:], np.uint8)
    return _to_size(Example(values, nothing), size).pixels


def _to_size(example: Example, size: Sequence[int]) -> Example:
    spans = [Span(n, m, 0, m) for n, m in zip(example.labels.shape, size, strict=True)]
    return window(example, spans, pad_with_void=False)


def _told(size: Sequence[int]) -> str:
    return " × ".join(map(str, size))
