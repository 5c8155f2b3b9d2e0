"""The running average of the weights: steadier than the last step, and what is shipped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """Exponential moving average of a network's state.

    Args:
        network: what is averaged; its state of now is the start.
        decay: share of the old average that a step leaves.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = network
        self.decay = decay
        self.weights: dict[str, Tensor] = {}
        self.restart()

    def restart(self) -> None:
        """Forget the past: the average is the network as it is."""
        self.weights = {k: w.detach().clone() for k, w in self.network.state_dict().items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after step `step`; counters are copied."""
        # Early on a long average would be stuck at the random start.
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, value in self.network.state_dict().items():
            if value.is_floating_point():
                self.weights[name].lerp_(value, 1 - decay)
            else:
                self.weights[name].copy_(value)

    def load_state_dict(self, weights: Mapping[str, Tensor]) -> None:
        """Take the average of a checkpoint."""
        for name, value in weights.items():
            self.weights[name].copy_(value)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The network has the averaged weights, in eval mode, until the block ends."""
        trained = {k: w.clone() for k, w in self.network.state_dict().items()}
        was_training = self.network.training
        self.network.load_state_dict(self.weights)
        self.network.eval()
        try:
            yield
        finally:
            self.network.load_state_dict(trained)
            self.network.train(was_training)
