"""Bring a decoder feature and the encoder's skip of that level together."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vocalsep.backbones.parts.borders import centre_crop
from vocalsep.registry import Registry


def concat(*features: Tensor) -> Tensor:
    """Join features of equal size along their channels."""
    return torch.cat(features, dim=1)


MERGES: Registry[type[nn.Module]] = Registry("merge")


@MERGES.register("concat")
class Concat(nn.Module):
    """Skip first, then the decoder feature: (B, D, …), (B, D', …) -> (B, D' + D, …)."""

    def forward(self, features: Tensor, skip: Tensor) -> Tensor:
        return concat(skip, features)


class CroppedConcat(nn.Module):
    """As `Concat`, of the middle of a larger skip: for convolutions without padding."""

    def forward(self, features: Tensor, skip: Tensor) -> Tensor:
        return concat(centre_crop(skip, features.shape[2:]), features)


@MERGES.register("add")
class Add(nn.Module):
    """Sum of skip and decoder feature."""

    def forward(self, features: Tensor, skip: Tensor) -> Tensor:
        return features + skip


@MERGES.register("multiply")
class Multiply(nn.Module):
    """Product of skip and decoder feature."""

    def forward(self, features: Tensor, skip: Tensor) -> Tensor:
        return features * skip


@MERGES.register("none")
class NoSkip(nn.Module):
    """The decoder feature alone."""

    def forward(self, features: Tensor, skip: Tensor) -> Tensor:
        return features
