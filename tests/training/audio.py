"""A small recipe with its bank and validation songs, for tests of the task of separation."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import torch

from tests.helpers.synth import RATE, make_bank, music, tiny_recipe, voice, write_stem
from tests.training.toy import Notes
from vocalsep.recipe import Recipe
from vocalsep.training.build import build_task
from vocalsep.training.trainer import Trainer
from vocalsep.training.world import World


def audio_recipe(folder: Path) -> Recipe:
    make_bank(folder / "bank")
    for seed, name in enumerate(("one", "two")):
        write_stem(folder / name / "vocals.wav", voice(3 * RATE, seed + 50))
        write_stem(folder / name / "accompaniment.wav", music(3 * RATE, seed + 60))
    songs = {name: str(folder / name) for name in ("one", "two")}
    return tiny_recipe(folder / "bank", songs)


def with_training(recipe: Recipe, **changes: Any) -> Recipe:
    training = dataclasses.replace(recipe.training, **changes)
    return dataclasses.replace(recipe, training=training)


def audio_trainer(recipe: Recipe, run: Path) -> Trainer[Any, Any]:
    task = build_task(recipe, torch.device("cpu"))
    return Trainer(task, recipe.training, run, Notes(), World())


def train(recipe: Recipe, run: Path) -> Trainer[Any, Any]:
    trainer = audio_trainer(recipe, run)
    trainer.run()
    return trainer
