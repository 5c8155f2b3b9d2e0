"""Batches in step order, made by loader processes while the network trains."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, get_worker_info

from vocalsep.data.bank import Bank
from vocalsep.data.mixer import Mixer, example_rng
from vocalsep.data.shards.pool import Pool
from vocalsep.data.shards.read import SampleStream, find_shards
from vocalsep.errors import DataError, VocalsepError
from vocalsep.recipe import Recipe


@dataclass(frozen=True)
class Batch:
    """The examples of one step that one rank draws.

    Attributes:
        sources: (B, S, C, N) float32 in the order of the recipe's stems; the mixture is their sum.
        band_hz: (B, S) float32; what lies above in a source is unknown and must not count.
    """

    sources: Tensor
    band_hz: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same on another device."""
        return Batch(
            self.sources.to(device, non_blocking=True), self.band_hz.to(device, non_blocking=True)
        )

    def pin_memory(self) -> Batch:
        """The same in memory that a GPU can fetch by itself; PyTorch's loader calls this."""
        return Batch(self.sources.pin_memory(), self.band_hz.pin_memory())


Item: TypeAlias = "Batch | VocalsepError"


@dataclass(frozen=True)
class Share:
    """Which of the examples of a step are drawn: those with index ≡ rank modulo `world`.

    Attributes:
        rank: number of this process.
        world: number of processes.
        margin_samples: context at each end of an example that the separator wants.
    """

    rank: int = 0
    world: int = 1
    margin_samples: int = 0


class StepDataset(Dataset[Item]):
    """Item s is the whole batch of step s, or the error that came in its way.

    An error is handed over as a value: raised in a loader process, it would come out as many lines.
    """

    def __init__(self, recipe: Recipe, share: Share) -> None:
        self.recipe = recipe
        self.share = share

    def __len__(self) -> int:
        return self.recipe.training.max_steps

    def __getitem__(self, step: int) -> Item:
        try:
            with _one_thread():
                return draw_batch(self.mixer(step), self.recipe, self.share, step)
        except VocalsepError as error:
            return error

    def check(self) -> None:
        """Look before any process starts whether the data is there and fits the recipe.

        Raises:
            DataError: it is not, or does not.
        """
        raise NotImplementedError

    def mixer(self, step: int) -> Mixer:
        """What draws the examples of a step."""
        raise NotImplementedError


class BankDataset(StepDataset):
    """Draws from a bank, which is opened in the process that reads it."""

    _mixer: Mixer | None = None

    def check(self) -> None:
        bank = Bank(Path(self.recipe.mixing.bank))
        bank.check_files()
        Mixer(self.recipe, bank, self.share.margin_samples)

    def mixer(self, step: int) -> Mixer:
        if self._mixer is None:
            bank = Bank(Path(self.recipe.mixing.bank))
            self._mixer = Mixer(self.recipe, bank, self.share.margin_samples)
        return self._mixer


class ShardDataset(StepDataset):
    """Draws from a pool of samples of tar shards, one stream a loader process.

    A step is always drawn by the same stream, whichever step training starts with: its examples
    follow from (seed, step, index) and the number of loader processes and ranks.
    """

    _pool: Pool | None = None

    def check(self) -> None:
        n_streams = self.share.world * max(1, self.recipe.training.workers)
        SampleStream(find_shards(self.recipe.mixing.shards), self.recipe.seed, 0, n_streams)

    def mixer(self, step: int) -> Mixer:
        mixing, info = self.recipe.mixing, get_worker_info()
        workers = info.num_workers if info else 1
        if self._pool is None:
            number = self.share.rank * workers + step % workers
            shards = find_shards(mixing.shards)
            stream = SampleStream(shards, self.recipe.seed, number, self.share.world * workers)
            rate = self.recipe.audio.sample_rate
            self._pool = Pool(stream, rate, mixing.shard_pool, mixing.shard_refresh)
        self._pool.move_to(step // workers)
        return Mixer(self.recipe, self._pool, self.share.margin_samples)


def draw_batch(mixer: Mixer, recipe: Recipe, share: Share, step: int) -> Batch:
    """This rank's examples of a step."""
    examples = [
        mixer.draw(example_rng(recipe.seed, step, index))
        for index in range(share.rank, recipe.training.batch_size, share.world)
    ]
    sources = torch.from_numpy(np.stack([example.sources for example in examples]))
    return Batch(sources, torch.from_numpy(np.stack([each.band_hz for each in examples])))


def batches(
    recipe: Recipe, first_step: int, rank: int = 0, world: int = 1, margin_samples: int = 0
) -> Iterator[Batch]:
    """Batches of steps first_step … max_steps − 1, in order, whatever the number of workers.

    `training.batch_size` counts the examples of all ranks together; rank r of w draws those whose
    index is r modulo w.

    Raises:
        DataError: the bank or the shares are wrong (checked here, before any process starts), or
            a loader process died.
    """
    share = Share(rank, world, margin_samples)
    if world > recipe.training.batch_size:
        raise DataError(
            f"training.batch_size is {recipe.training.batch_size}: expected at least one example "
            f"for each of {world} processes"
        )
    dataset = (ShardDataset if recipe.mixing.shards else BankDataset)(recipe, share)
    dataset.check()
    workers = recipe.training.workers
    loader = DataLoader(
        dataset,
        batch_size=None,
        sampler=range(first_step, recipe.training.max_steps),
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
