"""Kinds of masks: from the network's raw values to what multiplies the mixture's spectrum."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor

from vocalsep.registry import Registry


class MaskKind(ABC):
    """A kind of mask.

    Attributes:
        n_values: raw values of the network per bin of a mask.
        shares: whether sources share each bin among them, so that each stem must be a target.
    """

    n_values: ClassVar[int] = 1
    shares: ClassVar[bool] = False

    @abstractmethod
    def trained(self, values: Tensor, mixture: Tensor) -> Tensor:
        """Masks as losses see them.

        Args:
            values: (B, S, n_values, C, F', T) float32 of the network.
            mixture: (B, C, F', T) complex64.

        Returns:
            (B, S, C, F', T) float32 or complex64.
        """

    def separating(self, values: Tensor, mixture: Tensor) -> Tensor:
        """Masks as they separate; the same, unless the kind says otherwise."""
        return self.trained(values, mixture)


MASKS: Registry[Callable[..., MaskKind]] = Registry("mask")


@MASKS.register("sigmoid")
class SigmoidMask(MaskKind):
    """Each target on its own, in 0…1 (Jansson et al., ISMIR 2017)."""

    def trained(self, values: Tensor, mixture: Tensor) -> Tensor:
        return torch.sigmoid(values.squeeze(2))
