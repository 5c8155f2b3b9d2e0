"""Bring a decoder feature and the encoder's skip of that level together."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vocalsep.backbones.parts.borders import centre_crop


class Joined(int):
    """D of features that were joined: a convolution built for so many knows where each begins.

    So that a network that grows in width can give every old channel to those that heard it
    (`vocalsep/training/start.py`).

    Attributes:
        parts: D of each, in order.
    """

    parts: tuple[int, ...]

    def __new__(cls, *parts: int) -> Joined:
        joined = super().__new__(cls, sum(parts))
        joined.parts = parts
        return joined


def concat(*features: Tensor) -> Tensor:
    """Join features of equal size along their channels."""
    return torch.cat(features, dim=1)


class Concat(nn.Module):
    """Skip first, then the decoder feature: (B, D, …), (B, D', …) -> (B, D' + D, …)."""

    def forward(self, features: Tensor, skip: Tensor) -> Tensor:
        return concat(skip, features)


class CroppedConcat(nn.Module):
    """As `Concat`, of the middle of a larger skip: for convolutions without padding."""

    def forward(self, features: Tensor, skip: Tensor) -> Tensor:
        return concat(centre_crop(skip, features.shape[2:]), features)


class Multiply(nn.Module):
    """Product of skip and decoder feature."""

    def forward(self, features: Tensor, skip: Tensor) -> Tensor:
        return features * skip
