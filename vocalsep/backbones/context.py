"""Networks of convolutions without padding: no output has seen an invented neighbour."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torch.nn import functional

from vocalsep.backbones.base import Backbone


class ContextBackbone(Backbone):
    """A network whose output is smaller than its input by the context that it reads.

    As a backbone like any other it surrounds its input with zeros, the silence beyond both ends
    of a song. A task that has the real surroundings passes them and says `valid`.

    Attributes:
        context: values on each side of every axis that only give context.
        smallest: the smallest input of `transform`; all others are larger by multiples of
            `stride`.
    """

    stride: int
    context: int = 0
    smallest: int = 1

    def forward(self, features: Tensor, valid: bool = False) -> Tensor:
        """(B, D_in, *size) -> (B, D_out, *size).

        Args:
            features: what the network reads.
            valid: whether their ends are the context, so that n + 2·context values give n.
        """
        if not valid:
            return super().forward(features)
        size = [n - 2 * self.context for n in features.shape[2:]]
        return _first(self.transform(self._filled(features)), size)

    def _padded(self, features: Tensor) -> Tensor:
        n_axes = features.ndim - 2
        return self._filled(functional.pad(features, [self.context] * (2 * n_axes)))

    def _fit(self, logits: Tensor, features: Tensor) -> Tensor:
        return _first(logits, features.shape[2:])

    def _filled(self, features: Tensor) -> Tensor:
        """Add zeros at the end of every axis up to the next size that the strides allow."""
        padding: list[int] = []
        for n in reversed(features.shape[2:]):
            missing = self.smallest - n
            padding += [0, missing if missing > 0 else missing % self.stride]
        return functional.pad(features, padding)


def _first(features: Tensor, size: Sequence[int]) -> Tensor:
    """The first values of every axis, (B, D, *larger) -> (B, D, *size)."""
    for axis, n in enumerate(size, start=2):
        features = features.narrow(axis, 0, n)
    return features
