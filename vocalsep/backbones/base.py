"""What every backbone promises, and how any input size is made to fit."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional

from vocalsep.registry import Registry


class Backbone(nn.Module):
    """A network from features to features of the same size, in 1, 2 or 3 dimensions.

    Every backbone takes `in_channels` and `out_channels` first, works on any spatial size and
    returns raw values (logits): activations belong to the task.

    Attributes:
        ndim: 1 waveform, 2 spectrogram or image, 3 volume.
        stride: total down-sampling; sizes are padded to a multiple of it and cropped back.
    """

    stride: int = 1
    ndim: int = 2
    NDIMS: ClassVar[tuple[int, ...]] = (1, 2, 3)

    def forward(self, features: Tensor) -> Tensor:
        """(B, D_in, *size) -> (B, D_out, *size)."""
        size = features.shape[2:]
        padded = pad_to_multiple(features, self.stride)
        out = self.transform(padded)
        crop: tuple[slice, ...] = tuple(slice(n) for n in (*out.shape[:2], *size))
        return out[crop]

    @abstractmethod
    def transform(self, features: Tensor) -> Tensor:
        """The network itself; every size is a multiple of `stride`."""


BACKBONES: Registry[Callable[..., Backbone]] = Registry("backbone")


def pad_to_multiple(features: Tensor, multiple: int) -> Tensor:
    """Pad the end of every spatial axis with zeros up to a multiple.

    >>> import torch
    >>> pad_to_multiple(torch.zeros(1, 1, 5, 8), 4).shape
    torch.Size([1, 1, 8, 8])
    """
    padding: list[int] = []
    for n in reversed(features.shape[2:]):
        padding += [0, -n % multiple]
    return functional.pad(features, padding)
