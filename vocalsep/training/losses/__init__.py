"""Losses of separators, by name."""

from __future__ import annotations

from vocalsep.training.losses import combine, spectral, waveform
from vocalsep.training.losses.base import LOSSES, Loss, build_loss

__all__ = ["LOSSES", "Loss", "build_loss", "combine", "spectral", "waveform"]
