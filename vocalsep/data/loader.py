"""Batches in step order, made by loader processes while the network trains."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from vocalsep.data.bank import Bank
from vocalsep.data.mixer import Mixer, example_rng
from vocalsep.errors import DataError
from vocalsep.recipe import Recipe

Batch = tuple[Tensor, Tensor]  # sources (B, 2, C, N) float32, band_hz (B,)


class StepDataset(Dataset[Batch]):
    """Item s is the whole batch of step s; the bank is opened in the process that reads it."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self._mixer: Mixer | None = None

    def __len__(self) -> int:
        return self.recipe.training.max_steps

    def __getitem__(self, step: int) -> Batch:
        if self._mixer is None:
            self._mixer = Mixer(self.recipe, Bank(Path(self.recipe.mixing.bank)))
        examples = [
            self._mixer.draw(example_rng(self.recipe.seed, step, index))
            for index in range(self.recipe.training.batch_size)
        ]
        sources = torch.from_numpy(np.stack([example.sources for example in examples]))
        return sources, torch.tensor([example.band_hz for example in examples])


def batches(recipe: Recipe, first_step: int) -> Iterator[Batch]:
    """Batches of steps first_step … max_steps − 1, in order, whatever the number of workers.

    Raises:
        DataError: the bank or the shares are wrong (checked here, before any process starts), or
            a loader process died.
    """
    bank = Bank(Path(recipe.mixing.bank))
    bank.check_files()
    Mixer(recipe, bank)
    workers = recipe.training.workers
    loader = DataLoader(
        StepDataset(recipe),
        batch_size=None,
        sampler=range(first_step, recipe.training.max_steps),
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        worker_init_fn=_settle if workers else None,
        # Its own generator: starting to iterate draws from the global one, which a resumed run
        # must find as it was.
        generator=torch.Generator(),
    )
    try:
        yield from loader
    # torch says so in several lines; what a batch itself can raise was looked for above.
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        first = str(error).splitlines()[0]
        raise DataError(f"{first}; often memory ran out: try training.workers=0") from error


def _settle(worker: int) -> None:
    """Loader processes must not fight the network for cores, nor die of the trainer's Ctrl-C."""
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
