"""Augmentations: each a small class that changes one sound; see `base.Augmentation`."""

from vocalsep.data.augment import codec, dynamics, filters, level, stereo, tempo
from vocalsep.data.augment.base import AUGMENTATIONS, Augmentation, Chain, Segment, Sound

__all__ = [
    "AUGMENTATIONS",
    "Augmentation",
    "Chain",
    "Segment",
    "Sound",
    "codec",
    "dynamics",
    "filters",
    "level",
    "stereo",
    "tempo",
]
