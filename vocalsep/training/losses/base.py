"""What every loss promises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor

from vocalsep.dsp.signals import Signals
from vocalsep.errors import RecipeError
from vocalsep.recipe import Part
from vocalsep.registry import Registry


class Loss(Protocol):
    """A loss of K terms, Σ total / weight, over estimates and truth of all stems.

    Total and weight are sums over the examples, so both may be collected over pieces of a batch
    and over processes before they are divided: the loss of a batch does not depend on how it is
    cut up. Bins where `valid` is False do not count: above a source's band the truth is unknown.
    """

    def total(self, estimate: Signals, truth: Signals, valid: Tensor | None) -> Tensor:
        """(K,) sums of errors.

        Args:
            estimate: of all stems, the residual last.
            truth: likewise.
            valid: (B, 1, 1, F', 1) bool; None: everything counts.
        """

    def weight(self, truth: Signals, valid: Tensor | None) -> Tensor:
        """(K,) what the sums are divided by, without gradient."""


LOSSES: Registry[Callable[..., Loss]] = Registry("loss")


def build_loss(part: Part) -> Loss:
    """The loss of a recipe.

    Raises:
        RecipeError: unknown, or it refuses its parameters.
    """
    loss: Loss = LOSSES.build(part.name, part.params)
    return loss


class StemWeighted:
    """A loss that weighs the stems.

    Args:
        residual_weight: of the last stem, where `stem_weights` is empty.
        stem_weights: of every stem, the residual last; empty: all others count 1.
    """

    def __init__(self, residual_weight: float = 1.0, stem_weights: Sequence[float] = ()) -> None:
        self.residual_weight = residual_weight
        self.stem_weights = tuple(stem_weights)

    def weights_of(self, errors: Tensor) -> Tensor:
        """The weights in the shape of (B, S, …), to be multiplied with it.

        Raises:
            RecipeError: there are more or fewer weights than stems.
        """
        n_stems = errors.shape[1]
        weights = self.stem_weights or (*(1.0,) * (n_stems - 1), self.residual_weight)
        if len(weights) != n_stems:
            raise RecipeError(
                f"training.loss: {len(weights)} stem_weights for {n_stems} stems: expected one "
                f"each, the residual last"
            )
        shape = (n_stems, *(1,) * (errors.ndim - 2))
        return torch.tensor(weights, dtype=errors.dtype, device=errors.device).reshape(shape)


def sum_valid(values: Tensor, valid: Tensor | None) -> Tensor:
    """The sum over everything that counts, (1,)."""
    kept = values if valid is None else values * valid
    return kept.sum().reshape(1)
