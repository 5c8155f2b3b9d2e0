"""A task without audio: the trainer does not know the difference.

`python -m tests.training.toy RUN JSON` trains it, alone or under torchrun; the JSON holds keys of
the recipe's section `training` and of `Toy`.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from vocalsep.recipe import Part, Training
from vocalsep.training.task import Exhibit, Scores, Validation
from vocalsep.training.trainer import Trainer
from vocalsep.training.world import World, joined, world_of_environment


@dataclass(frozen=True)
class Toy:
    """What may go wrong, and where.

    Attributes:
        dropout: of the network.
        kill_at: the process `kill_rank` dies of kill -9 before this step.
        kill_rank: see there.
        term_at: the same process gets SIGTERM before this step.
        nan_from: examples are NaN from this step on.
        idle: the network has a layer that is never used.
    """

    dropout: float = 0.0
    kill_at: int = -1
    kill_rank: int = 0
    term_at: int = -1
    nan_from: int = 10**9
    idle: bool = False


@dataclass(frozen=True)
class Examples:
    """Inputs (B, 3), answers (B, 2), and which of them count (B, 2)."""

    inputs: Tensor
    answers: Tensor
    counts: Tensor
    step: int


def examples(step: int, index: int) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng([step, index])
    inputs = rng.standard_normal(3)
    answers = np.array([inputs.sum(), inputs.prod()])
    return inputs, answers, rng.random(2) > 0.4


class ToyTask:
    """Masked squared errors of a network with group norm, in float64."""

    def __init__(self, training: Training, toy: Toy = Toy()) -> None:
        torch.manual_seed(1)
        self.training, self.toy = training, toy
        self.device = torch.device("cpu")
        layers = [nn.Linear(3, 16), nn.GroupNorm(4, 16), nn.Tanh(), nn.Dropout(toy.dropout)]
        self.network: nn.Module = nn.Sequential(*layers, nn.Linear(16, 2)).double()
        if toy.idle:
            self.network.register_module("idle", nn.Linear(2, 2).double())
        self.counter = 0
        self.validated: list[Scores] = []

    def describe(self) -> str:
        return json.dumps({"training": dataclasses.asdict(self.training)})

    def batches(self, first_step: int, world: World) -> Iterator[Examples]:
        for step in range(first_step, 10**9):
            indices = range(world.rank, self.training.batch_size, world.size)
            drawn = [examples(step, index) for index in indices]
            inputs, answers, counts = (
                torch.from_numpy(np.stack(x)) for x in zip(*drawn, strict=True)
            )
            if step >= self.toy.nan_from:
                inputs = inputs * torch.nan
            if world.rank == self.toy.kill_rank:
                if step == self.toy.kill_at:
                    os.kill(os.getpid(), signal.SIGKILL)
                if step == self.toy.term_at:
                    os.kill(os.getpid(), signal.SIGTERM)
            yield Examples(inputs, answers, counts, step)

    def pieces(self, batch: Examples, n_pieces: int) -> list[Examples]:
        n_each = -(-len(batch.inputs) // n_pieces)
        parts = (x.split(n_each) for x in (batch.inputs, batch.answers, batch.counts))
        return [Examples(*part, batch.step) for part in zip(*parts, strict=True)]

    def before_step(self, pieces: Sequence[Examples], world: World) -> dict[str, float]:
        self.counter += 1
        return {"counter": float(self.counter)}

    def weight(self, piece: Examples) -> Tensor:
        return torch.stack([piece.counts.sum(), torch.tensor(len(piece.inputs))]).double()

    def total(self, piece: Examples) -> Tensor:
        """Two terms: the error where it counts, and a pull of all answers to zero."""
        found = self.network(piece.inputs)
        error = ((found - piece.answers) ** 2 * piece.counts).sum()
        return torch.stack([error, 0.01 * (found**2).sum()])

    def validate(self, world: World) -> Validation:
        mine = {str(k): {"error": self._error(k)} for k in range(world.rank, 6, world.size)}
        gathered = {name: s for part in world.gather(mine) for name, s in part.items()}
        scores = {str(k): gathered[str(k)] for k in range(6)}
        self.validated.append(scores)
        return Validation(-sum(s["error"] for s in scores.values()) / 6, "score", scores)

    def _error(self, index: int) -> float:
        inputs, answers, _ = (torch.from_numpy(x)[None] for x in examples(10**9, index))
        with torch.no_grad():
            return float((self.network(inputs) - answers).square().mean())

    def exhibits(self) -> Iterator[Exhibit]:
        yield Exhibit.heat_map("weights", self.network[0].weight.detach().numpy())  # type: ignore[index, union-attr]
        yield Exhibit("tone", 2 * np.ones((2, 100), np.float32), 8000)

    def speed(self, examples_per_s: float) -> dict[str, float]:
        return {"examples_per_s": examples_per_s}

    def save(
        self, path: Path, weights: Mapping[str, Tensor], scores: Scores, facts: Mapping[str, Any]
    ) -> None:
        save_file(dict(weights), path)

    def model(self, name_or_path: str) -> nn.Module:
        network = copy.deepcopy(self.network)
        network.load_state_dict(load_file(name_or_path))
        return network

    def tensors(self, pieces: Sequence[Examples]) -> dict[str, Tensor]:
        return {"inputs": torch.cat([piece.inputs for piece in pieces])}

    def state_dict(self) -> dict[str, Any]:
        return {"counter": self.counter}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.counter = state["counter"]


class Notes:
    """A reporter that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.steps: list[int] = []

    def line(self, text: str) -> None:
        self.lines.append(text)

    def progress(self, step: int, max_steps: int) -> None:
        self.steps.append(step)


def settings(**changes: Any) -> Training:
    """A section `training` for the toy."""
    usual = {
        "batch_size": 6,
        "max_steps": 20,
        "optimizer": Part("sgd", {"momentum": 0.9}),
        "learning_rate": 0.05,
        "warmup_steps": 3,
        "weight_decay": 1e-4,
        "ema_decay": 0.9,
        "precision": "fp32",
        "log_every": 5,
        "validate_every": 5,
    }
    return Training(**{**usual, **changes})


def toy_trainer(run: Path, toy: Toy = Toy(), **changes: Any) -> Trainer[Any, Any]:
    """A trainer of the toy, alone."""
    training = settings(**changes)
    return Trainer(ToyTask(training, toy), training, run, Notes(), World())


def main() -> None:
    """Train in this process, which may be one of several."""
    run, given = Path(sys.argv[1]), json.loads(sys.argv[2])
    toy = Toy(**given.pop("toy", {}))
    for key in ("optimizer", "schedule"):
        if key in given:
            given[key] = Part(**given[key])
    training = settings(**given)
    world = world_of_environment()
    with joined(world, torch.device("cpu")):
        Trainer(ToyTask(training, toy), training, run, Notes(), world).run()


if __name__ == "__main__":
    main()
