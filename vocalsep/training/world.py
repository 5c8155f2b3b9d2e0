"""The processes that train together, started by `torchrun`; no-ops when there is only one.

Each takes its share of every batch. Gradients meet in PyTorch's DistributedDataParallel; what
else must be agreed on goes through the few functions here.
"""

from __future__ import annotations

import gc
import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed, nn

from vocalsep.errors import DeviceError
from vocalsep.inference.devices import choose_device

T = TypeVar("T")


@dataclass(frozen=True)
class World:
    """Who this process is among those that train together.

    Attributes:
        rank: 0 to size − 1; 0 writes the files.
        size: how many processes there are.
        local_rank: number among those of this machine, which is the number of its GPU.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @property
    def writes(self) -> bool:
        """Whether this process writes files and reports."""
        return self.rank == 0

    def sum(self, value: Tensor) -> Tensor:
        """The sum over all processes, the same number for each."""
        if self.size > 1:
            value = value.clone()
            distributed.all_reduce(value)
        return value

    def any(self, flag: bool) -> bool:
        """Whether the flag is up in any process."""
        return bool(self.sum(torch.tensor(float(flag), device=_device())) > 0)

    def gather(self, item: T) -> list[T]:
        """The items of all processes, in the order of their ranks."""
        if self.size == 1:
            return [item]
        items: list[Any] = [None] * self.size
        distributed.all_gather_object(items, item)
        return items

    def share_out(self, tensors: dict[str, Tensor]) -> None:
        """Overwrite the tensors by those of rank 0."""
        if self.size > 1:
            for tensor in tensors.values():
                distributed.broadcast(tensor, 0)

    def average_gradients(self, network: nn.Module) -> None:
        """For networks outside of DistributedDataParallel: the mean gradient of all processes."""
        if self.size > 1:
            for parameter in network.parameters():
                if parameter.grad is not None:
                    distributed.all_reduce(parameter.grad)
                    parameter.grad /= self.size


def world_of_environment() -> World:
    """What `torchrun` (or SLURM's prolog, by the same variables) says."""
    defaults = {"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0"}
    rank, size, local_rank = (int(os.environ.get(k, usual)) for k, usual in defaults.items())
    return World(rank, size, local_rank)


def place(name: str, world: World) -> torch.device:
    """The device called `name` ("auto", "cpu", "cuda", "mps"); each process has its own GPU.

    Raises:
        DeviceError: it is not there.
    """
    device = choose_device(name).device
    if device.type == "cuda" and device.index is None and world.size > 1:
        return choose_device(f"cuda:{world.local_rank}").device
    return device


@contextmanager
def joined(world: World, device: torch.device) -> Iterator[None]:
    """The processes know each other until the block ends: nccl between GPUs, else gloo.

    No thread of gloo may outlive the block: it lets go of Python's tensors a little after a call
    is over, and if the interpreter is ending by then, the whole process is aborted ("terminate
    called without an active exception"). So what uses DistributedDataParallel must not be held
    when the block ends, and nothing else may hold the group.

    Raises:
        DeviceError: another process is gone.
    """
    if world.size == 1:
        yield
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    # It takes the default group of the moment of its import for the default of its functions, and
    # DistributedDataParallel imports it; there must be none yet, or it would hold it for ever.
    importlib.import_module("torch.distributed.nn")
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        if not any(word in reason for word in ("gloo", "NCCL", "peer")):
            raise
        raise DeviceError(
            f"another of the {world.size} processes is gone ({reason[:100]}); its own message says "
            f"why; the last state is kept, so start all again"
        ) from error
    finally:
        distributed.destroy_process_group()
        gc.collect()


def _device() -> torch.device:
    """Where small tensors must lie to be sent: nccl sends from GPUs only."""
    nccl = distributed.is_initialized() and distributed.get_backend() == "nccl"
    return torch.device("cuda" if nccl else "cpu")
