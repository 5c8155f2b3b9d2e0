"""Fine-tuning: take what fits of the weights of another model."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvTransposeNd

from vocalsep.backbones.parts.merge import Joined
from vocalsep.errors import ModelError


@dataclass(frozen=True)
class Taken:
    """What was taken over.

    Attributes:
        names: tensors that are now those of the model.
        grown: tensors that begin with those of the model and have more channels -> how many more.
        left: tensors of the network that stay as they were -> why.
        share: of the network's weights that were taken, 0 to 1.
    """

    names: list[str]
    grown: dict[str, str]
    left: dict[str, str]
    share: float

    def __str__(self) -> str:
        total = len(self.names) + len(self.grown) + len(self.left)
        text = f"took {len(self.names)} of {total} tensors, {100 * self.share:.0f} % of the weights"
        for how, tensors in (("larger", self.grown), ("new", self.left)):
            if tensors:
                shown = [f"{name} ({why})" for name, why in list(tensors.items())[:5]]
                more = ", …" if len(tensors) > len(shown) else ""
                text += f"; {how}: {', '.join(shown)}{more}"
        return text


def take_weights(network: nn.Module, other: nn.Module, model: str) -> Taken:
    """Copy every tensor of a model that has the same name in the network, and its shape or less.

    Where the network has more channels, those it had come first, in each part of a joined feature
    (`Joined`). They go on hearing what they heard, and nothing of channels that are new; new ones
    start as they would without a model (after Chen, Goodfellow, Shlens, "Net2Net", ICLR 2016,
    where new ones are copies).

    Args:
        network: keeps the rest of its weights.
        other: that of the model.
        model: what messages call it.

    Raises:
        ModelError: nothing of it fits.
    """
    ours, theirs = network.state_dict(), other.state_dict()
    inputs = _input_dimensions(network)
    taken, grown, left = [], {}, {}
    for name, weight in ours.items():
        if name not in theirs:
            left[name] = "not in the model"
            continue
        sizes = f"{_size(weight)} here, {_size(theirs[name])} in the model"
        if theirs[name].shape == weight.shape:
            weight.copy_(theirs[name])
            taken.append(name)
        elif name in inputs and _is_larger(weight, theirs[name]):
            _grow(weight, theirs[name], inputs[name], _places(network, other, name))
            grown[name] = sizes
        else:
            left[name] = sizes
    if not taken:
        raise ModelError(
            f"{model}: no tensor of it fits this network, neither by name nor by size; start "
            f"from a model of the same backbone, or from none"
        )
    n_taken = sum(ours[name].numel() for name in taken)
    n_taken += sum(theirs[name].numel() for name in grown)
    return Taken(taken, grown, left, n_taken / sum(w.numel() for w in ours.values()))


def _input_dimensions(network: nn.Module) -> dict[str, int]:
    """Of tensors that may grow: the dimension of the channels heard; biases and norms have none.

    Recurrent layers stack their gates in one dimension, so there a larger one has no beginning.
    """
    found = {}
    for prefix, module in network.named_modules():
        if isinstance(module, nn.RNNBase):
            continue
        along = 0 if isinstance(module, _ConvTransposeNd) else 1
        for name, tensor in module.named_parameters(recurse=False):
            found[f"{prefix}.{name}"] = along if tensor.ndim > 1 else -1
        for name, _ in module.named_buffers(recurse=False):
            found[f"{prefix}.{name}"] = -1
    return found


def _is_larger(ours: Tensor, theirs: Tensor) -> bool:
    """Whether only numbers of channels, the first two dimensions, are larger."""
    sizes = list(zip(ours.shape, theirs.shape, strict=False))
    larger = ours.ndim == theirs.ndim and all(mine >= other for mine, other in sizes)
    return larger and ours.shape[2:] == theirs.shape[2:]


def _places(network: nn.Module, other: nn.Module, name: str) -> list[int] | None:
    """Where the channels that a tensor of the model hears are now; None: at the beginning."""
    ours, theirs = _parts(network, name), _parts(other, name)
    fit = len(ours) == len(theirs) and all(a >= b for a, b in zip(ours, theirs, strict=True))
    if not ours or not fit:
        return None
    starts = accumulate(ours[:-1], initial=0)
    return [start + k for start, size in zip(starts, theirs, strict=True) for k in range(size)]


def _parts(network: nn.Module, name: str) -> tuple[int, ...]:
    """Channels of each part of what a tensor hears; () if it is not `Joined`."""
    prefix, _, tensor = name.rpartition(".")
    module = network.get_submodule(prefix)
    if isinstance(module, _NormBase):
        channels = module.num_features
    else:
        channels = getattr(module, "in_channels", 0) if tensor == "weight" else 0
    return channels.parts if isinstance(channels, Joined) else ()


def _grow(ours: Tensor, theirs: Tensor, inputs: int, places: list[int] | None) -> None:
    """Put the tensor of the model in its place; its outputs hear nothing of new inputs."""
    if inputs >= 0:
        ours = ours.narrow(1 - inputs, 0, theirs.shape[1 - inputs]).zero_()
    along = max(inputs, 0)
    heard = torch.tensor(places or range(theirs.shape[along]), device=ours.device)
    ours.index_copy_(along, heard, theirs.to(ours))


def _size(weight: Tensor) -> str:
    return "×".join(map(str, weight.shape)) or "1"
