"""How fast the trainer is, and how much of that the data loader costs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vocalsep.bench.jobs import Setting
from vocalsep.bench.song import SAMPLE_RATE, song_block
from vocalsep.data.bank import Track, write_index
from vocalsep.data.pack import write_track
from vocalsep.errors import RecipeError
from vocalsep.models.catalogue import find_model
from vocalsep.models.checkpoint import read_card
from vocalsep.recipe import Recipe, as_separation, load_recipe
from vocalsep.training.build import build_task
from vocalsep.training.log import Meter
from vocalsep.training.trainer import Trainer
from vocalsep.training.world import World, joined, place, world_of_environment

WARM_UP = 2  # steps before the clock starts
LEAST_STEPS, LEAST_S = 5, 20.0  # that are measured, whichever is longer


class Silent:
    """A reporter that says nothing."""

    def line(self, text: str) -> None:
        """Nobody listens."""

    def progress(self, step: int, max_steps: int) -> None:
        """Nobody watches."""


def measure_training(setting: Setting, folder: str) -> dict[str, float]:
    """Examples/s of all processes with the loader and with one cached batch.

    Args:
        setting: recipe, device and threads.
        folder: a made bank is written there, and nothing is left of the run.

    Returns:
        "examples_per_s", "cached_examples_per_s", "data_wait_percent" (of the former) and
        "x_real_time"; nothing from all processes but the first.

    Raises:
        RecipeError: of the recipe.
        DataError: of its bank.
    """
    world = world_of_environment()
    if setting.threads:
        torch.set_num_threads(max(1, setting.threads // world.size))
    recipe = _recipe(setting, Path(folder), world)
    device = place(setting.device, world)
    with joined(world, device):
        world.any(False)  # the first process may still be making the bank
        rates = _rates(recipe, Path(folder) / "run", world, device)
    return rates if world.writes else {}


def _rates(recipe: Recipe, run: Path, world: World, device: torch.device) -> dict[str, float]:
    """A function of its own: no trainer may be held when the processes part."""
    trainer: Trainer[Any, Any] = Trainer(
        build_task(recipe, device), recipe.training, run, Silent(), world
    )
    batches = trainer.task.batches(0, world)
    first = next(batches)
    real = _measure(trainer, batches)
    cached = _measure(trainer, repeat(first))
    return {
        "examples_per_s": real["examples_per_s"],
        "cached_examples_per_s": cached["examples_per_s"],
        "data_wait_percent": real["data_wait_percent"],
        **trainer.task.speed(real["examples_per_s"]),
    }


def _measure(trainer: Trainer[Any, Any], batches: Iterator[Any]) -> dict[str, float]:
    for _ in range(WARM_UP):
        trainer.train_step(next(batches), Meter())
    meter, started = Meter(), time.monotonic()
    enough = False
    while not enough:
        trainer.train_step(meter.timed(batches), meter)
        done = len(meter.losses) >= LEAST_STEPS and time.monotonic() - started >= LEAST_S
        enough = trainer.world.any(done)  # all processes stop at the same step
    n_examples = len(meter.losses) * trainer.training.batch_size
    return {
        "examples_per_s": n_examples / meter.seconds,
        "data_wait_percent": meter.record()["data_wait_percent"],
    }


def _recipe(setting: Setting, folder: Path, world: World) -> Recipe:
    """The recipe as given; or that of the model, on a bank of made songs."""
    if setting.recipe is not None:
        recipe = as_separation(load_recipe(Path(setting.recipe)))
    else:
        recipe = read_card(find_model(setting.model)).separation
        bank = folder / "bank"
        if world.writes:
            write_bank(bank, recipe)
        mixing = replace(
            recipe.mixing,
            bank=str(bank),
            root="",
            shards=[],
            stems={},
            voice_shares={},
            music_shares={},
        )
        recipe = replace(recipe, mixing=mixing)
    if recipe.training.batch_size < world.size:
        raise RecipeError(
            f"training.batch_size is {recipe.training.batch_size}: expected at least one example "
            f"for each of {world.size} processes"
        )
    endless = replace(recipe.training, max_steps=10**9)
    unscored = replace(recipe.validation, songs={})
    return replace(recipe, training=endless, validation=unscored)


def write_bank(folder: Path, recipe: Recipe, seconds: int = 60) -> None:
    """A bank with one made song for every stem of the recipe.

    Raises:
        OutputError: it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rate = recipe.audio.sample_rate
    block = np.tile(song_block().astype(np.float32) / 32767, (seconds // 10, 1))  # (n, 2)
    audio = np.ascontiguousarray(block.T[:, : seconds * min(rate, SAMPLE_RATE)])
    tracks = []
    for stem in recipe.stems:
        write_track(folder / f"{stem}.i16", audio, rate / 2)
        facts = (f"{stem}.wav", "CC0-1.0", rate / 2, *audio.shape)
        tracks.append(Track(stem, stem, "made", "", *facts))
    write_index(folder, rate, tracks)
