"""From the pieces of a batch to one step of the optimiser: precision, pieces and processes.

The gradient is that of Σ total / Σ weight over all pieces of all processes, however the batch is
cut up.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Generic

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from vocalsep.inference.devices import has_native_bfloat16
from vocalsep.training.task import BatchT, PieceT, Task
from vocalsep.training.world import World

LEAST_WEIGHT = 1e-6  # silence must not divide by zero


class Totals(nn.Module):
    """The task's totals as a module that owns the network: what DistributedDataParallel wraps."""

    def __init__(self, task: Task[Any, Any]) -> None:
        super().__init__()
        self.network = task.network
        self.task = task

    def forward(self, piece: Any) -> Tensor:
        """(K,) terms of the loss, sums over the piece."""
        return self.task.total(piece)


class Gradients(Generic[BatchT, PieceT]):
    """Computes gradients and makes steps.

    Args:
        task: network and loss.
        precision: "bf16", "fp16" (with a loss scale), "fp32", or "auto": bf16 where the device
            computes it natively, fp32 elsewhere.
        world: the processes.
    """

    def __init__(self, task: Task[BatchT, PieceT], precision: str, world: World) -> None:
        self.task = task
        self.world = world
        kind = task.device.type
        self.dtype = _dtype(precision, task.device)
        self.scaler = torch.amp.GradScaler(kind, enabled=precision == "fp16")
        self.totals: nn.Module = Totals(task)
        if world.size > 1:
            # It warns when all parameters are used after all; some networks leave some out.
            warnings.filterwarnings("ignore", message="find_unused_parameters=True was specified")
            self.totals = DistributedDataParallel(self.totals, find_unused_parameters=True)

    def compute(self, pieces: Sequence[PieceT], optimiser: torch.optim.Optimizer) -> Tensor:
        """Leave the gradients in the parameters.

        Returns:
            The loss, the same for every process.
        """
        weights = [self.task.weight(piece) for piece in pieces]  # (K,) each
        weight = self.world.sum(torch.stack(weights).sum(0)).clamp_min(LEAST_WEIGHT)
        optimiser.zero_grad(set_to_none=True)
        loss = torch.zeros((), device=self.task.device, dtype=weight.dtype)
        for number, piece in enumerate(pieces):
            with self._in_sync(number == len(pieces) - 1):
                with self._in_precision():
                    total = self.totals(piece)
                part = (total / weight).sum()
                # DistributedDataParallel takes the mean over the processes, we want the sum.
                self.scaler.scale(part * self.world.size).backward()
            loss += part.detach()
        return self.world.sum(loss)

    def clip(self, optimiser: torch.optim.Optimizer, most: float) -> float:
        """Scale the gradients down to the norm `most`; returns their norm before."""
        self.scaler.unscale_(optimiser)
        return float(torch.nn.utils.clip_grad_norm_(self.task.network.parameters(), most))

    def step(self, optimiser: torch.optim.Optimizer) -> None:
        """One step along the gradients; with fp16 none where they overflowed."""
        self.scaler.step(optimiser)
        self.scaler.update()

    def skip(self) -> None:
        """No step; with fp16 the loss scale is lowered."""
        self.scaler.update()

    def _in_sync(self, last: bool) -> AbstractContextManager[Any]:
        """Processes exchange gradients once a step, after their last piece."""
        ddp = self.totals
        if last or not isinstance(ddp, DistributedDataParallel):
            return nullcontext()
        return ddp.no_sync()

    def _in_precision(self) -> AbstractContextManager[Any]:
        if self.dtype is None:
            return nullcontext()
        return torch.autocast(self.task.device.type, self.dtype)


def _dtype(precision: str, device: torch.device) -> torch.dtype | None:
    """The number format of a precision; None: float32, as everything else."""
    if precision == "auto":
        return torch.bfloat16 if has_native_bfloat16(device) else None
    return {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision)
