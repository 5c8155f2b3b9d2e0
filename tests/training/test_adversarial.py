"""Adversarial semi-supervised training: the critics, the penalty, and exact resumption."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.training.audio import audio_recipe, audio_trainer, train, with_training
from tests.training.test_trainer import assert_same_state
from vocalsep.recipe import Adversary, Audio, Part, Recipe
from vocalsep.training.adversarial import AdversarialTask, gradient_penalty
from vocalsep.training.log import Meter
from vocalsep.training.state import read_state
from vocalsep.training.world import World


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    usual = audio_recipe(tmp_path)
    audio = Audio(sample_rate=8000, n_channels=1, n_fft=64, hop_length=32, n_bins=32)
    mixing = dataclasses.replace(usual.mixing, segment_frames=16)
    adversary = Adversary(mixing=mixing, critic_steps=2, critic=Part("strided", {"width": 4}))
    small = dataclasses.replace(
        usual,
        audio=audio,
        mixing=mixing,
        targets=["vocals", "accompaniment"],
        residual="accompaniment",
        separator=Part("mask", {"mask": "magnitude"}),
        backbone=Part("adversarial_unet", {"width": 4, "levels": 2}),
    )
    return with_training(small, adversary=adversary, loss=Part("log_mse"), optimizer=Part("adam"))


def task_of(trainer: Any) -> AdversarialTask:
    assert isinstance(trainer.task, AdversarialTask)
    return trainer.task


def test_penalty_closed_form() -> None:
    """D(x) = Σ 3·x has a gradient of norm 3·√n everywhere; flat critics go free."""

    class Steep(nn.Module):
        def __init__(self, slope: float) -> None:
            super().__init__()
            self.slope = slope

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.slope * x.flatten(1).sum(1)

    real, made = torch.randn(5, 1, 2, 2), torch.randn(5, 1, 2, 2)
    assert gradient_penalty(Steep(3.0), real, made).item() == pytest.approx(25.0, rel=1e-5)
    assert gradient_penalty(Steep(0.2), real, made).item() == 0.0  # one-sided


def test_critics_learn_to_tell_estimates_from_sources(recipe: Recipe, tmp_path: Path) -> None:
    quick = dataclasses.replace(recipe.training.adversary, learning_rate=1e-2)  # type: ignore[type-var]
    trainer = audio_trainer(with_training(recipe, adversary=quick, batch_size=8), tmp_path)
    task = task_of(trainer)
    pieces = task.pieces(next(task.batches(0, World())), 1)
    first = task.before_step(pieces, World())["critic_distance"]
    for _ in range(10):
        last = task.before_step(pieces, World())["critic_distance"]
    assert last > first + 0.05


def test_the_separator_is_moved_by_the_critics_and_they_not_by_it(
    recipe: Recipe, tmp_path: Path
) -> None:
    heavy = dataclasses.replace(recipe.training.adversary, weight=1.0)  # type: ignore[type-var]
    trainer = audio_trainer(with_training(recipe, adversary=heavy), tmp_path)
    task = task_of(trainer)
    pieces = task.pieces(next(task.batches(0, World())), 1)
    task.before_step(pieces, World())
    total = task.total(pieces[0])
    assert total.shape == task.weight(pieces[0]).shape == (3,)
    total[1].backward()
    moved = [w.grad.abs().sum() for w in task.network.parameters() if w.grad is not None]
    assert moved and sum(moved) > 0
    before = {name: w.clone() for name, w in task.critics.state_dict().items()}
    trainer.gradients.compute(pieces, trainer.optimiser)
    trainer.gradients.step(trainer.optimiser)
    for name, weight in task.critics.state_dict().items():
        assert torch.equal(weight, before[name])


def test_consistency_is_the_distance_of_mixture_and_sum(recipe: Recipe, tmp_path: Path) -> None:
    task = task_of(audio_trainer(recipe, tmp_path))
    task.network.eval()
    (piece,) = task.pieces(next(task.batches(0, World())), 1)
    made = task.estimates(piece.unlabelled).magnitudes.sum(1)
    gap = (piece.unlabelled.mixture.magnitudes[:, 0] - made).square().mean()
    found = (task.total(piece) / task.weight(piece))[2]
    torch.testing.assert_close(found, 1e-3 * gap)


def test_unpaired_examples_follow_from_the_step(recipe: Recipe, tmp_path: Path) -> None:
    task = task_of(audio_trainer(recipe, tmp_path))
    all_batches = task.batches(0, World())
    next(all_batches)
    second = next(all_batches)
    again = next(task.batches(1, World()))
    assert len(second.unpaired) == 3
    for one, other in zip(
        [second.labelled, *second.unpaired], [again.labelled, *again.unpaired], strict=True
    ):
        assert torch.equal(one.sources, other.sources)
    assert not torch.equal(second.labelled.sources, second.unpaired[0].sources)


def test_resumption_is_bit_equal_with_critics(recipe: Recipe, tmp_path: Path) -> None:
    flat = with_training(recipe, schedule=Part("constant"))
    train(flat, tmp_path / "whole")
    train(with_training(flat, max_steps=2), tmp_path / "parts")
    torch.manual_seed(99)
    train(flat, tmp_path / "parts")
    states = [
        read_state(tmp_path / run / "states" / "step-00000004.safetensors")
        for run in ("whole", "parts")
    ]
    assert set(states[0]["task"]) == {"critics", "critic_optimiser"}
    assert_same_state(*states)


def test_pieces_do_not_change_the_step(recipe: Recipe, tmp_path: Path) -> None:
    found = []
    for accumulate in (1, 2):
        changed = with_training(recipe, accumulate=accumulate, batch_size=4)
        trainer = audio_trainer(changed, tmp_path / str(accumulate))
        trainer.train_step(next(trainer.task.batches(0, World())), Meter())
        found.append(trainer.task.network.state_dict())
    for name, weight in found[0].items():
        torch.testing.assert_close(weight, found[1][name], rtol=1e-4, atol=1e-6)
