"""Fine-tuning: take what fits of the weights of another model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from vocalsep.errors import ModelError


@dataclass(frozen=True)
class Taken:
    """What was taken over.

    Attributes:
        names: tensors that are now those of the model.
        left: tensors of the network that stay as they were -> why.
        share: of the network's weights that were taken, 0 to 1.
    """

    names: list[str]
    left: dict[str, str]
    share: float

    def __str__(self) -> str:
        total = len(self.names) + len(self.left)
        text = f"took {len(self.names)} of {total} tensors, {100 * self.share:.0f} % of the weights"
        if self.left:
            shown = [f"{name} ({why})" for name, why in list(self.left.items())[:5]]
            more = ", …" if len(self.left) > len(shown) else ""
            text += f"; new: {', '.join(shown)}{more}"
        return text


def take_weights(network: nn.Module, theirs: Mapping[str, Tensor], model: str) -> Taken:
    """Copy every tensor of a model that has the same name and shape in the network.

    Args:
        network: keeps the rest of its weights.
        theirs: the model's.
        model: what messages call it.

    Raises:
        ModelError: nothing of it fits.
    """
    ours = network.state_dict()
    taken, left = [], {}
    for name, weight in ours.items():
        if name not in theirs:
            left[name] = "not in the model"
        elif theirs[name].shape != weight.shape:
            left[name] = f"{_size(weight)} here, {_size(theirs[name])} in the model"
        else:
            weight.copy_(theirs[name])
            taken.append(name)
    if not taken:
        raise ModelError(
            f"{model}: no tensor of it fits this network, neither by name nor by size; start "
            f"from a model of the same backbone, or from none"
        )
    n_taken = sum(ours[name].numel() for name in taken)
    return Taken(taken, left, n_taken / sum(w.numel() for w in ours.values()))


def _size(weight: Tensor) -> str:
    return "×".join(map(str, weight.shape)) or "1"
