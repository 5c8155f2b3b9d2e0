"""The shared networks. Importing this package files every one of them in `BACKBONES`."""

from vocalsep.backbones import unet
from vocalsep.backbones.base import BACKBONES, Backbone

__all__ = ["BACKBONES", "Backbone", "unet"]
