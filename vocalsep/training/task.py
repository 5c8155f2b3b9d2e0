"""What the trainer needs to know of a task, and nothing more: it is the same loop for all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from vocalsep.training.world import World

BatchT = TypeVar("BatchT")  # what the loader gives: this process's share of a step's examples
PieceT = TypeVar("PieceT")  # a part of it on the device, ready for the network

Scores = dict[str, dict[str, float]]  # song or picture -> metric -> value


@dataclass(frozen=True)
class Validation:
    """How good the network is now.

    Attributes:
        score: one number, higher is better; None when there is nothing to validate on.
        metric: what the number is, e.g. "mean SDR, dB".
        scores: everything that was measured.
    """

    score: float | None
    metric: str
    scores: Scores


@dataclass(frozen=True)
class Exhibit:
    """Something to look at or to listen to.

    Attributes:
        tag: its name, with "/" between groups.
        data: a picture (3, H, W) uint8, or a sound (C, N) float32.
        sample_rate: Hz of a sound; None for a picture.
    """

    tag: str
    data: npt.NDArray[Any]
    sample_rate: int | None = None

    @staticmethod
    def heat_map(tag: str, values: npt.NDArray[np.floating]) -> Exhibit:
        """A picture of (rows, columns) values: the smallest black, the largest white."""
        low, high = float(values.min()), float(values.max())
        grey = (255 * (values - low) / max(high - low, 1e-12)).astype(np.uint8)
        return Exhibit(tag, np.repeat(grey[None], 3, axis=0))


class Task(Protocol[BatchT, PieceT]):
    """A network, its data, its loss and its validation.

    The loss of a step is Σ total / Σ weight over all pieces of all processes, summed over the K
    terms of the loss: so it does not depend on how the batch is cut up.

    """

    @property
    def network(self) -> nn.Module:
        """What is trained."""

    @property
    def device(self) -> torch.device:
        """Where."""

    def describe(self) -> str:
        """The whole recipe as one JSON object."""

    def batches(self, first_step: int, world: World) -> Iterator[BatchT]:
        """This process's share of the batches of steps first_step, first_step + 1, …"""

    def pieces(self, batch: BatchT, n_pieces: int) -> Sequence[PieceT]:
        """Cut a batch into (at most) n_pieces, moved to the device."""

    def before_step(self, pieces: Sequence[PieceT], world: World) -> dict[str, float]:
        """Whatever is trained besides the network; returns numbers for the log."""

    def weight(self, piece: PieceT) -> Tensor:
        """(K,) what the totals are divided by: a function of the data alone."""

    def total(self, piece: PieceT) -> Tensor:
        """(K,) the terms of the loss as sums over the piece, through the network."""

    def validate(self, world: World) -> Validation:
        """Score the network as it is; shared out over the processes, the same for each."""

    def exhibits(self) -> Iterator[Exhibit]:
        """What TensorBoard shows of the network as it is."""

    def speed(self, examples_per_s: float) -> dict[str, float]:
        """Numbers for the log that say how fast that is."""

    def save(
        self, path: Path, weights: Mapping[str, Tensor], scores: Scores, facts: Mapping[str, Any]
    ) -> None:
        """Write a model file of these weights of the network."""

    def model(self, name_or_path: str) -> nn.Module:
        """A finished one, to start from what fits of its weights."""

    def tensors(self, pieces: Sequence[PieceT]) -> dict[str, Tensor]:
        """What a batch holds, on the CPU, to be looked at when it broke a step."""

    def state_dict(self) -> dict[str, Any]:
        """What is trained besides the network: tensors and plain values."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from `state_dict`."""
