"""DSSPN: outputs are leaves of a tree of concepts; each parent decides among its children.

Source: Liang, Zhou & Xing, "Dynamic-Structured Semantic Propagation Network", CVPR 2018. Neither
code nor a count of parameters was published; this follows the definition: a neuron for every
parent, whose features read the encoder's and those of all its ancestors, and the probability of a
leaf as the product along its path. All neurons always run (the paper leaves out those absent from
an image while training). For separation the natural tree is [vocals, [drums, bass, other]].
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from vocalsep.backbones.base import BACKBONES, About
from vocalsep.backbones.compose import EncoderDecoder
from vocalsep.backbones.encoders.base import build_encoder, conv_norm
from vocalsep.backbones.parts.heads import OfLast
from vocalsep.backbones.parts.layers import conv
from vocalsep.backbones.parts.merge import concat
from vocalsep.errors import RecipeError

# A leaf is the number of an output, a parent the list of its children.
Tree: TypeAlias = "int | Sequence[Tree]"


def leaves(tree: Tree) -> Iterator[int]:
    """The outputs of a tree, from left to right."""
    if isinstance(tree, int):
        yield tree
    else:
        for child in tree:
            yield from leaves(child)


def balanced(first: int, n: int) -> Tree:
    """Outputs first … first + n − 1 as a tree of two children a parent.

    >>> balanced(0, 3)
    [0, [1, 2]]
    """
    if n == 1:
        return first
    half = n // 2
    return [balanced(first, half), balanced(first + half, n - half)]


class Neuron(nn.Module):
    """One parent and all below it.

    Args:
        children: subtrees; at least one.
        d_in: D of the encoder's feature and those of all ancestors together.
        width: D of this neuron's own feature.
    """

    def __init__(self, children: Sequence[Tree], d_in: int, width: int) -> None:
        super().__init__()
        self.feature = conv_norm((d_in, width), 1)
        self.score = conv(2, (d_in + width, len(children)), 1)
        self.kids = list(children)
        self.below = nn.ModuleList(
            Neuron(child, d_in + width, width) for child in children if not isinstance(child, int)
        )

    def forward(self, features: Tensor, log_p: Tensor | None) -> list[Tensor]:
        """Log-probabilities (B, 1, H, W) of the leaves, given that of this parent (None: 1)."""
        features = concat(features, self.feature(features))
        scores = self.score(features)
        # An only child is no decision: its score then stands for itself.
        own = scores.log_softmax(1) if len(self.kids) > 1 else scores
        if log_p is not None:
            own = own + log_p
        out: list[Tensor] = []
        below = iter(self.below)
        for child, log_child in zip(self.kids, own.split(1, dim=1), strict=True):
            if isinstance(child, int):
                out.append(log_child)
            else:
                out.extend(next(below)(features, log_child))
        return out


class TreeHead(nn.Module):
    """Log-probabilities of all leaves in the order of the outputs: (B, D, …) -> (B, n, …)."""

    def __init__(self, tree: Sequence[Tree], d_in: int, width: int) -> None:
        super().__init__()
        self.root = Neuron(tree, d_in, width)
        order = list(leaves(tree))
        self.position = [order.index(k) for k in range(len(order))]

    def forward(self, features: Tensor) -> Tensor:
        found = self.root(features, None)
        return torch.cat([found[k] for k in self.position], dim=1)


@BACKBONES.register("dsspn")
class DSSPN(EncoderDecoder):
    """Dilated encoder and a tree of concepts.

    The outputs are log-probabilities: use them with a softmax over sources.

    Args:
        in_channels: D of the input.
        out_channels: D of the logits.
        tree: nested lists of the outputs' numbers, each once; a balanced tree by default.
        encoder: name of an encoder; its parameters are `encoder_params`.
        encoder_params: see the encoder; {"stem_stride": 1} for finer logits.
        width: D of the feature that the tree reads.
        neuron_width: D of each neuron's own feature.

    Raises:
        RecipeError: a tree that does not hold each output once.
    """

    about = About(
        family="classic",
        paper="Liang et al., CVPR 2018",
        thin={
            "encoder": "resnet18",
            "encoder_params": {"width": 1 / 16},
            "width": 8,
            "neuron_width": 4,
        },
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        tree: Sequence[Tree] | None = None,
        encoder: str = "resnet101",
        encoder_params: Mapping[str, Any] | None = None,
        width: int = 256,
        neuron_width: int = 48,
    ) -> None:
        whole = balanced(0, out_channels) if tree is None else tree
        parents = [whole] if isinstance(whole, int) else whole
        if sorted(leaves(parents)) != list(range(out_channels)):
            raise RecipeError(
                f"dsspn: tree {tree} must hold each output from 0 to {out_channels - 1} once"
            )
        body = build_encoder(encoder, in_channels, {"output_stride": 8}, encoder_params)
        neck = conv_norm((body.channels[-1], width))
        super().__init__(body, OfLast(neck), TreeHead(parents, width, neuron_width))
