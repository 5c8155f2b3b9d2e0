"""Losses of labelled pictures and volumes, by name."""

from __future__ import annotations

from vocalsep.data.pictures.codes import IGNORE
from vocalsep.training.losses.labels import (
    boundaries,
    combine,
    hard,
    lovasz,
    pixels,
    regions,
    weighted,
)
from vocalsep.training.losses.labels.base import LABEL_LOSSES, LabelLoss, build_label_loss

__all__ = [
    "IGNORE",
    "LABEL_LOSSES",
    "LabelLoss",
    "boundaries",
    "build_label_loss",
    "combine",
    "hard",
    "lovasz",
    "pixels",
    "regions",
    "weighted",
]
