"""What networks are composed of: input → encoder → neck → decoder → head → logits.

layers      convolution, norm and activation by name; `Style`, the options a network's layers share
blocks      convolution blocks that keep the size
down        halve the size between two levels
up          raise the size between two levels; up_learned has those that learn, positions and
            resize the arithmetic
merge       bring a skip and a decoder feature together
borders     crop and mirror, for convolutions without padding
decoders    encoder features -> features of the finest level

`backbones/compose.py` puts an encoder, a decoder and heads together.
"""

from vocalsep.backbones.parts import up_learned  # files its upsamplers under their names

__all__ = ["up_learned"]
