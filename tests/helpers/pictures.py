"""Small pictures and label maps in files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image


def save_picture(path: Path, size: tuple[int, int], seed: int = 0) -> npt.NDArray[np.uint8]:
    """A picture of noise, (height, width); makes its folder."""
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return pixels


def save_labels(path: Path, labels: npt.NDArray[np.integer]) -> None:
    """A label map as it is: grey with 8 or 16 bits, or colours; makes its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(labels).save(path)
