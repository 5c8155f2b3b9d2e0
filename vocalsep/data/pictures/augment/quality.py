"""How well a picture was taken: sharpness, noise, exposure; labels stay as they are."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from vocalsep.data.draws import checked, checked_range, log_uniform
from vocalsep.data.pictures.augment.base import (
    PICTURE_AUGMENTATIONS,
    Example,
    PictureAugmentation,
    Size,
    clipped,
)
from vocalsep.data.pictures.augment.resample import Span, mirrored, window


@PICTURE_AUGMENTATIONS.register("blur")
class Blur(PictureAugmentation):
    """A Gaussian blur, mirrored at the borders.

    Args:
        sigma: range of its standard deviation, pixels, within 0.1…20.
        p: probability.
    """

    def __init__(self, size: Size, sigma: Sequence[float] = (0.3, 1.5), p: float = 0.2) -> None:
        super().__init__(size, p)
        low, high = sigma
        checked_range("sigma", (low, high), 0.1, 20)
        self.sigma = (float(low), float(high))

    def apply(self, rng: np.random.Generator, example: Example) -> Example:
        """The blurred example."""
        sigma = rng.uniform(*self.sigma)
        pixels = example.pixels
        for axis in range(1, pixels.ndim):
            pixels = _blurred(pixels, axis, sigma)
        return Example(pixels, example.labels)


@PICTURE_AUGMENTATIONS.register("noise")
class Noise(PictureAugmentation):
    """Adds white Gaussian noise.

    Args:
        sigma: most of its standard deviation, of full scale 1, 0…1.
        p: probability.
    """

    def __init__(self, size: Size, sigma: float = 0.05, p: float = 0.2) -> None:
        super().__init__(size, p)
        checked("sigma", sigma, 0, 1)
        self.sigma = sigma

    def apply(self, rng: np.random.Generator, example: Example) -> Example:
        """The noisy example."""
        noise = rng.standard_normal(example.pixels.shape, np.float32)
        noise *= np.float32(rng.uniform(0, self.sigma))
        noise += example.pixels
        return Example(clipped(noise, example.pixels), example.labels)


@PICTURE_AUGMENTATIONS.register("gamma")
class Gamma(PictureAugmentation):
    """Another curve between the darkest and the brightest pixel, x → x^γ.

    Args:
        gamma: range of γ, log-uniform, within 0.1…10.
        p: probability.
    """

    def __init__(self, size: Size, gamma: Sequence[float] = (0.7, 1.5), p: float = 0.3) -> None:
        super().__init__(size, p)
        low, high = gamma
        checked_range("gamma", (low, high), 0.1, 10)
        self.gamma = (float(low), float(high))

    def apply(self, rng: np.random.Generator, example: Example) -> Example:
        """The example, its middle tones lighter or darker."""
        gamma = np.float32(log_uniform(rng, self.gamma))
        dark, bright = example.pixels.min(), example.pixels.max()
        if dark == bright:
            return example
        share = (example.pixels - dark) / (bright - dark)
        return Example(np.clip(share, 0, 1) ** gamma * (bright - dark) + dark, example.labels)


@PICTURE_AUGMENTATIONS.register("low_resolution")
class LowResolution(PictureAugmentation):
    """Scales pixels down and up again, as from a poor camera or scanner (nnU-Net).

    Args:
        scale: range of the factor between, log-uniform, within 0.05…1.
        p: probability.
    """

    def __init__(self, size: Size, scale: Sequence[float] = (0.5, 1.0), p: float = 0.2) -> None:
        super().__init__(size, p)
        low, high = scale
        checked_range("scale", (low, high), 0.05, 1)
        self.scale = (float(low), float(high))

    def apply(self, rng: np.random.Generator, example: Example) -> Example:
        """The example with less detail."""
        factor = log_uniform(rng, self.scale)
        size = example.labels.shape
        small = [max(1, round(n * factor)) for n in size]
        down = [Span(n, m, 0, m) for n, m in zip(size, small, strict=True)]
        up = [Span(m, n, 0, n) for n, m in zip(size, small, strict=True)]
        blurred = window(window(example, down, False), up, False)
        return Example(blurred.pixels, example.labels)


def _blurred(pixels: npt.NDArray[np.float32], axis: int, sigma: float) -> npt.NDArray[np.float32]:
    """Weights out to 3 σ, which add up to 1."""
    reach = max(1, math.ceil(3 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    n = pixels.shape[axis]
    wide = np.take(pixels, mirrored(np.arange(-reach, n + reach), n), axis)
    out = np.zeros_like(pixels)
    for step, weight in enumerate(weights.astype(np.float32)):
        shifted = (slice(None),) * axis + (slice(step, step + n),)
        out += weight * wide[shifted]
    return out
