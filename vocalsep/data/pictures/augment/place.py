"""Which part of a picture is seen, at what size, and which way round."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from vocalsep.data.draws import checked, checked_range, log_uniform
from vocalsep.data.pictures.augment.base import (
    PADDING,
    PICTURE_AUGMENTATIONS,
    Example,
    PictureAugmentation,
    Size,
)
from vocalsep.data.pictures.augment.resample import Span, window
from vocalsep.data.pictures.codes import IGNORE
from vocalsep.registry import one_of

BACKGROUND = 0


@PICTURE_AUGMENTATIONS.register("flip")
class Flip(PictureAugmentation):
    """The picture in a mirror.

    Args:
        axis: that runs the other way; −1 is left–right, −2 up–down, −3 the depth of volumes.
        p: probability.
    """

    def __init__(self, size: Size, axis: int = -1, p: float = 0.5) -> None:
        super().__init__(size, p)
        one_of("axis", axis, (-1, -2, -3))
        self.axis = axis

    def apply(self, rng: np.random.Generator, example: Example) -> Example:
        """The flipped example."""
        return Example(np.flip(example.pixels, self.axis), np.flip(example.labels, self.axis))


@PICTURE_AUGMENTATIONS.register("crop")
class Crop(PictureAugmentation):
    """A window of the size that the network trains on, anywhere in the picture at some scale.

    Args:
        scale: range of the factor by which the picture grows, log-uniform, within 0.05…20.
        stretch: the axes differ in scale, each by up to this factor or its inverse, 1…4.
        padding: where the picture ends within the window: "mirror" (U-Net, Ronneberger et al.,
            2015) or "void": black and labelled IGNORE.
        foreground: share of the windows that lie around a pixel of any class but the first: the
            class is drawn among those that are there, then one of its pixels. nnU-Net (Isensee
            et al., 2021) takes a third of its patches so.
        p: probability.
    """

    def __init__(
        self,
        size: Size,
        scale: Sequence[float] = (1.0, 1.0),
        stretch: float = 1.0,
        padding: str = "mirror",
        foreground: float = 0.0,
        p: float = 1.0,
    ) -> None:
        super().__init__(size, p)
        low, high = scale
        checked_range("scale", (low, high), 0.05, 20)
        checked("stretch", stretch, 1, 4)
        one_of("padding", padding, PADDING)
        checked("foreground", foreground, 0, 1)
        self.foreground = foreground
        self.scale = (float(low), float(high))
        self.stretch = stretch
        self.pad_with_void = padding == "void"

    def apply(self, rng: np.random.Generator, example: Example) -> Example:
        """The window."""
        size = example.labels.shape
        factor = log_uniform(rng, self.scale)
        centre = self._centre(rng, example.labels)
        spans = []
        for axis, (n, n_out) in enumerate(zip(size, self.size or size, strict=True)):
            own = factor * log_uniform(rng, (1 / self.stretch, self.stretch))
            n_scaled = max(1, round(n * own))
            slack = n_scaled - n_out  # negative: as much is padded
            start = int(rng.integers(min(slack, 0), max(slack, 0), endpoint=True))
            if centre:
                around = int((centre[axis] + 0.5) * n_scaled / n) - n_out // 2
                start = min(max(around, min(slack, 0)), max(slack, 0))
            spans.append(Span(n, n_scaled, start, n_out))
        return window(example, spans, self.pad_with_void)

    def _centre(self, rng: np.random.Generator, labels: npt.NDArray[np.uint8]) -> tuple[int, ...]:
        """A pixel that the window shall show; empty: any."""
        if self.foreground == 0 or rng.random() >= self.foreground:
            return ()
        counts = np.bincount(labels.ravel(), minlength=256)
        counts[[BACKGROUND, IGNORE]] = 0
        if not counts.any():
            return ()
        drawn = rng.choice(np.flatnonzero(counts))
        place = rng.choice(np.flatnonzero(labels == drawn))
        return tuple(int(n) for n in np.unravel_index(place, labels.shape))
