"""Batches in step order, made by loader processes while the network trains."""

from __future__ import annotations

import signal
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from vocalsep.errors import DataError, VocalsepError

BatchT = TypeVar("BatchT")


def example_rng(seed: int, step: int, index: int) -> np.random.Generator:
    """The generator that draws example `index` of step `step`."""
    return np.random.default_rng([seed, step, index])


class StepDataset(Dataset["BatchT | VocalsepError"], ABC, Generic[BatchT]):
    """Item s is the whole batch of step s, or the error that came in its way.

    An error is handed over as a value: raised in a loader process, it would come out as many lines.

    Args:
        max_steps: number of items.
    """

    def __init__(self, max_steps: int) -> None:
        self.max_steps = max_steps

    def __len__(self) -> int:
        return self.max_steps

    def __getitem__(self, step: int) -> BatchT | VocalsepError:
        try:
            with _one_thread():
                return self.draw(step)
        except VocalsepError as error:
            return error

    @abstractmethod
    def draw(self, step: int) -> BatchT:
        """The batch of a step: a function of the step alone."""

    @abstractmethod
    def check(self) -> None:
        """Look before any process starts whether the data is there and fits the recipe.

        Raises:
            DataError: it is not, or does not.
        """


def check_share(batch_size: int, world: int) -> None:
    """Every process must have an example of each step.

    Raises:
        DataError: there are more processes than examples.
    """
    if world > batch_size:
        raise DataError(
            f"training.batch_size is {batch_size}: expected at least one example for each of "
            f"{world} processes"
        )


def in_step_order(dataset: StepDataset[BatchT], first_step: int, workers: int) -> Iterator[BatchT]:
    """Items first_step … of a dataset, in order, whatever the number of loader processes.

    Raises:
        DataError: the data is wrong (checked here, before any process starts), or a loader process
            died.
    """
    dataset.check()
    loader = DataLoader(
        dataset,
        batch_size=None,
        sampler=range(first_step, len(dataset)),
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        worker_init_fn=_settle if workers else None,
        pin_memory=torch.cuda.is_available(),
        # Its own generator: starting to iterate draws from the global one, which a resumed run
        # must find as it was.
        generator=torch.Generator(),
    )
    try:
        for item in loader:
            if isinstance(item, VocalsepError):
                raise item
            yield item
    # torch says so in several lines.
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        first = str(error).splitlines()[0]
        raise DataError(f"{first}; often memory ran out: try training.workers=0") from error


@contextmanager
def _one_thread() -> Iterator[None]:
    """Several threads round differently: an example must not tell which process drew it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _settle(worker: int) -> None:
    """Loader processes must not fight the network for cores, nor die before the trainer.

    Terminals and schedulers signal the whole group of processes; only the trainer knows what to
    save. Loaders end when it closes them, or when they find it gone.
    """
    torch.set_num_threads(1)  # for good, here
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
