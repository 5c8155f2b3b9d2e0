"""Augmentations of pictures: each a small class; see `base.PictureAugmentation`."""

from vocalsep.data.pictures.augment import colour, place, quality, warp
from vocalsep.data.pictures.augment.base import (
    PICTURE_AUGMENTATIONS,
    Chain,
    Example,
    PictureAugmentation,
    Size,
)

__all__ = [
    "PICTURE_AUGMENTATIONS",
    "Chain",
    "Example",
    "PictureAugmentation",
    "Size",
    "colour",
    "place",
    "quality",
    "warp",
]
