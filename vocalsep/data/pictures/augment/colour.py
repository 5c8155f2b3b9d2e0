"""Light and colour; labels stay as they are."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from vocalsep.data.draws import checked
from vocalsep.data.pictures.augment.base import (
    PICTURE_AUGMENTATIONS,
    Example,
    PictureAugmentation,
    Size,
    clipped,
)

Matrix = npt.NDArray[np.float64]  # (3, 3), acts on RGB columns

_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
#: RGB -> YIQ (NTSC, 1953): grey, and two axes of colour.
_TO_YIQ = np.array([_LUMA, [0.595716, -0.274453, -0.321263], [0.211456, -0.522591, 0.311135]])
_FROM_YIQ = np.linalg.inv(_TO_YIQ)


@PICTURE_AUGMENTATIONS.register("colour_jitter")
class ColourJitter(PictureAugmentation):
    """Another brightness, contrast, saturation and hue, in one linear step.

    Grey pictures and volumes change in brightness and contrast only.

    Args:
        brightness: pixels are multiplied by 1 ± up to this, 0…1.
        contrast: so are their differences from the picture's mean, 0…1.
        saturation: and their differences from grey, 0…1.
        hue: colours turn about grey in the YIQ space by up to ± this share of a full turn, 0…½.
        p: probability.
    """

    def __init__(  # the keys of a recipe
        self,
        size: Size,
        brightness: float = 0.25,
        contrast: float = 0.25,
        saturation: float = 0.25,
        hue: float = 0.03,
        p: float = 0.8,
    ) -> None:
        super().__init__(size, p)
        for name, value in (
            ("brightness", brightness), ("contrast", contrast), ("saturation", saturation),
        ):  # fmt: skip
            checked(name, value, 0, 1)
        checked("hue", hue, 0, 0.5)
        self.brightness, self.contrast = brightness, contrast
        self.saturation, self.hue = saturation, hue

    def apply(self, rng: np.random.Generator, example: Example) -> Example:
        """The example in another light; pixels stay in range."""
        brightness, contrast, saturation = (
            1 + rng.uniform(-most, most)
            for most in (self.brightness, self.contrast, self.saturation)
        )
        turn = rng.uniform(-self.hue, self.hue)
        pixels = example.pixels
        n_channels = len(pixels)
        matrix = np.eye(n_channels)
        if n_channels == 3:
            matrix = colour_matrix(saturation, turn)
        flat = pixels.reshape(n_channels, -1)
        mean = brightness * (matrix @ flat.mean(axis=1, dtype=np.float64)).mean()
        out = (contrast * brightness * matrix).astype(np.float32) @ flat
        out += np.float32((1 - contrast) * mean)
        return Example(clipped(out, flat).reshape(pixels.shape), example.labels)


def colour_matrix(saturation: float, turn: float) -> Matrix:
    """Scales colour against grey, and turns it.

    Args:
        saturation: 0 grey, 1 as before.
        turn: share of a full turn.
    """
    angle = 2 * math.pi * turn
    cos, sin = saturation * math.cos(angle), saturation * math.sin(angle)
    turned = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
    matrix: Matrix = _FROM_YIQ @ turned @ _TO_YIQ
    return matrix
