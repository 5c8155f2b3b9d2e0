"""Batches of mixtures."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import get_worker_info

from vocalsep.data.bank import Bank
from vocalsep.data.mixer import Mixer
from vocalsep.data.shards.pool import Pool
from vocalsep.data.shards.read import SampleStream, find_shards
from vocalsep.data.steps import StepDataset, check_share, example_rng, in_step_order
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


class MixDataset(StepDataset[Batch]):
    """Mixtures of what a recipe names."""

    def __init__(self, recipe: Recipe, share: Share) -> None:
        super().__init__(recipe.training.max_steps)
        self.recipe = recipe
        self.share = share

    def draw(self, step: int) -> Batch:
        return draw_batch(self.mixer(step), self.recipe, self.share, step)

    @abstractmethod
    def mixer(self, step: int) -> Mixer:
        """What draws the examples of a step."""


class BankDataset(MixDataset):
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


class ShardDataset(MixDataset):
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
    check_share(recipe.training.batch_size, world)
    share = Share(rank, world, margin_samples)
    dataset = (ShardDataset if recipe.mixing.shards else BankDataset)(recipe, share)
    return in_step_order(dataset, first_step, recipe.training.workers)
