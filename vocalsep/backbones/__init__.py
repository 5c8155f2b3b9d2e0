"""The shared networks. Importing this package files every one of them in `BACKBONES`.

base.py     what every network promises, and their registry
compose.py  encoder, decoder and heads as one network
context.py  networks without padding, that read more than they answer for
plan.py     nnU-Net's shape from what the data look like
listing.py  what can be told about networks: the table, parts, drawings
parts/      what networks are composed of
encoders/   input -> features of every level
networks/   one file a network
"""

from vocalsep.backbones import networks
from vocalsep.backbones.base import BACKBONES, Backbone, build_backbone

__all__ = ["BACKBONES", "Backbone", "build_backbone", "networks"]
