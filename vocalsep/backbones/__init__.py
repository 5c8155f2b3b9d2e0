"""The shared networks. Importing this package files every one of them in `BACKBONES`.

base.py     what every network promises, and their registry
compose.py  encoder, decoder and heads as one network
parts/      what networks are composed of
encoders/   input -> features of every level
networks/   one file a network
"""

from vocalsep.backbones import networks
from vocalsep.backbones.base import BACKBONES, Backbone

__all__ = ["BACKBONES", "Backbone", "networks"]
