"""What every network promises, and how any input size is made to fit."""

from __future__ import annotations

import inspect
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.nn import functional

from vocalsep.backbones.parts.resize import resize
from vocalsep.errors import RecipeError
from vocalsep.registry import Registry


@dataclass(frozen=True)
class Reference:
    """A documented configuration of a network and the number of parameters it must have.

    Attributes:
        in_channels: D of the input.
        out_channels: D of the output.
        n_parameters: learnable numbers, as documented.
        source: who documents it: a paper, or the repository whose code has this many.
        params: constructor parameters that differ from the defaults.
    """

    in_channels: int
    out_channels: int
    n_parameters: int
    source: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class About:
    """The row of a network in the table of all networks.

    Attributes:
        family: "U-Net", "real time", "audio", …: networks of one family are listed together.
        paper: who invented it, with the year.
        ndims: dimensions it can be built for: 1 waveform, 2 spectrogram or image, 3 volume.
        references: documented configurations, the usual one first; empty where none is known.
        thin: constructor parameters of a version that runs in milliseconds, for tests.
    """

    family: str
    paper: str
    ndims: tuple[int, ...] = (2,)
    references: tuple[Reference, ...] = ()
    thin: Mapping[str, Any] = field(default_factory=dict)


class Backbone(nn.Module):
    """A network from features to logits of the same size, in 1, 2 or 3 dimensions.

    Every network takes `in_channels` and `out_channels` first and its recipe keys as keywords,
    works on any size and returns raw values (logits): activations belong to the task. A network
    with layers that are tied to the number of frequency bins takes a parameter `n_bins`.

    Attributes:
        about: its row in the table of networks.
        ndim: 1 waveform, 2 spectrogram or image, 3 volume.
        stride: sizes are padded to a multiple of it (one number, or one an axis) and cropped back.
        least: sizes are padded to this much at least.
        n_bins: the only size of the first axis that fits; None where any does.
        auxiliary_weights: weight in the loss of each auxiliary output, in the order of
            `transform_all`; empty where there is none.
    """

    about: ClassVar[About]
    ndim: int = 2
    stride: int | tuple[int, ...] = 1
    least: int = 1
    n_bins: int | None = None
    auxiliary_weights: tuple[float, ...] = ()

    def forward(self, features: Tensor) -> Tensor:
        """(B, D_in, *size) -> (B, D_out, *size).

        Raises:
            RecipeError: other bins than `n_bins`, or too few values for a norm.
        """
        with _explained(features):
            return self._fit(self.transform(self._padded(features)), features)

    def forward_all(self, features: Tensor) -> list[tuple[float, Tensor]]:
        """The logits with weight 1, then each auxiliary output with its weight in the loss.

        For training alone (deep supervision); every output has the size of the input.

        Raises:
            RecipeError: other bins than `n_bins`, or too few values for a norm.
        """
        with _explained(features):
            logits, *auxiliary = self.transform_all(self._padded(features))
        outputs = [(1.0, self._fit(logits, features))]
        for weight, each in zip(self.auxiliary_weights, auxiliary, strict=True):
            outputs.append((weight, self._fit(each, features)))
        return outputs

    @abstractmethod
    def transform(self, features: Tensor) -> Tensor:
        """The network itself, (B, D_in, *size) -> logits (B, D_out, *any smaller or equal size).

        Every size is a multiple of `stride`. Coarser logits are brought to the input's size by
        linear interpolation.
        """

    def transform_all(self, features: Tensor) -> list[Tensor]:
        """The logits as from `transform`, then the auxiliary outputs."""
        return [self.transform(features)]

    def _padded(self, features: Tensor) -> Tensor:
        if self.n_bins not in (None, features.shape[2]):
            raise RecipeError(
                f"{features.shape[2]} bins do not fit a network with n_bins={self.n_bins}: its "
                f"dense layers have one weight a bin; build it with n_bins={features.shape[2]}"
            )
        return pad_to_multiple(features, self.stride, self.least)

    def _fit(self, logits: Tensor, features: Tensor) -> Tensor:
        """Bring logits of the padded input to the size of `features`."""
        size = features.shape[2:]
        logits = resize(logits, padded_size(size, self.stride, self.least))
        crop: tuple[slice, ...] = tuple(slice(n) for n in (*logits.shape[:2], *size))
        return logits[crop]


BACKBONES: Registry[type[Backbone]] = Registry("backbone")


def build_backbone(
    name: str,
    channels: tuple[int, int],
    params: Mapping[str, Any],
    known: Mapping[str, int],
) -> Backbone:
    """A network by name.

    Args:
        channels: D of input and output.
        params: from the recipe.
        known: what the caller knows better ("ndim", "n_bins"), for networks that take it and where
            the recipe does not say it.

    Raises:
        RecipeError: unknown, or refuses its parameters.
    """
    takes = inspect.signature(BACKBONES.get(name)).parameters
    filled = {key: value for key, value in known.items() if key in takes}
    made: Backbone = BACKBONES.build(name, {**filled, **params}, *channels)
    return made


@contextmanager
def _explained(features: Tensor) -> Iterator[None]:
    """Say what is too small where a norm is left with one value a channel, which has no spread.

    After the mean of a whole image (image pooling) batch norm has one value an example: the papers
    train with 8 examples or more, and so did their norms. Two are what it takes.

    Raises:
        RecipeError: that.
    """
    try:
        yield
    except ValueError as error:
        if "more than 1" not in str(error):  # torch's words, of all its norms
            raise
        n, _, *size = features.shape
        raise RecipeError(
            f"{n} example(s) of {' × '.join(map(str, size))} leave a norm one value a channel, of "
            f"which it cannot know the spread: give it 2 examples or more at a time (a larger "
            f"training.batch_size, or fewer pieces and processes that share it) or larger ones"
        ) from error


def padded_size(
    size: Sequence[int], multiple: int | Sequence[int], least: int = 1
) -> tuple[int, ...]:
    """The next multiple along every axis, `least` or more.

    >>> padded_size((5, 8), 4), padded_size((5, 8), (1, 16)), padded_size((1, 8), 2, 3)
    ((8, 8), (5, 16), (4, 8))
    """
    multiples = [multiple] * len(size) if isinstance(multiple, int) else multiple
    pairs = zip(size, multiples, strict=True)
    return tuple(-(-max(n, least) // each) * each for n, each in pairs)


def pad_to_multiple(features: Tensor, multiple: int | Sequence[int], least: int = 1) -> Tensor:
    """Pad the end of every axis with zeros up to a multiple.

    >>> import torch
    >>> pad_to_multiple(torch.zeros(1, 1, 5, 8), 4).shape
    torch.Size([1, 1, 8, 8])
    """
    size = features.shape[2:]
    padding: list[int] = []
    for n, padded in zip(reversed(size), reversed(padded_size(size, multiple, least)), strict=True):
        padding += [0, padded - n]
    return functional.pad(features, padding) if any(padding) else features
