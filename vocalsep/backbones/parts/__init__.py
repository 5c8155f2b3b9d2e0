"""What networks are composed of: input → encoder → neck → decoder → head → logits.

layers       convolution, norm and activation by name; `Style`, what a network's layers share
blocks       convolution blocks that keep the size
down         halve the size between two levels
up           raise the size between two levels; up_learned has those that learn, positions and
             resize the arithmetic
merge        bring a skip and a decoder feature together
attention    gates that weigh features by themselves or by each other
pyramid      necks that see far: pooling pyramids, dilated convolutions side by side
context      attention between the positions of an image, and to its classes
transformer  self-attention over positions
frequency    layers tied to the bins of a spectrogram; an LSTM over its frames
borders      crop and mirror, for convolutions without padding
decoders     encoder features -> features of the finest level
heads        features -> logits

`backbones/compose.py` puts an encoder, a decoder and heads together.
"""

from vocalsep.backbones.parts import up_learned  # files its upsamplers under their names

__all__ = ["up_learned"]
