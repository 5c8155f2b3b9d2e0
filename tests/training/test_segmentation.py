"""Segmenters learn in the same trainer as separators."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner

from tests.helpers.segmenting import make_shapes, picture_recipe
from tests.training.toy import Notes
from vocalsep.cli import cli
from vocalsep.errors import DataError, RecipeError
from vocalsep.models.load import load_segmenter
from vocalsep.recipe import Part, SegmentationRecipe, recipe_to_json
from vocalsep.training.build import build_task
from vocalsep.training.segmentation import SegmentationTask
from vocalsep.training.summary import summary
from vocalsep.training.trainer import Trainer
from vocalsep.training.world import World


@pytest.fixture
def recipe(tmp_path: Path) -> SegmentationRecipe:
    make_shapes(tmp_path / "data", "train", 8)
    make_shapes(tmp_path / "data", "val", 3)
    return picture_recipe(tmp_path / "data")


def with_training(recipe: SegmentationRecipe, **changes: Any) -> SegmentationRecipe:
    return replace(recipe, training=replace(recipe.training, **changes))


def trained(recipe: SegmentationRecipe, run: Path) -> Trainer[Any, Any]:
    task = build_task(recipe, torch.device("cpu"))
    assert isinstance(task, SegmentationTask)
    trainer = Trainer(task, recipe.training, run, Notes(), World())
    trainer.run()
    return trainer


def test_it_learns_shapes(recipe: SegmentationRecipe, tmp_path: Path) -> None:
    torch.manual_seed(0)
    run = tmp_path / "run"
    trained(with_training(recipe, max_steps=60, validate_every=20), run)
    segmenter, card = load_segmenter(run / "best.safetensors")
    scores = card.scores["val"]
    assert scores["mean IoU"] > 0.93
    assert scores["mean IoU"] == pytest.approx(
        sum(scores[f"IoU {name}"] for name in recipe.classes) / 3
    )
    assert scores["pixel accuracy"] > 0.93
    red = torch.tensor([0.86, 0.16, 0.16]).reshape(1, 3, 1, 1).expand(1, 3, 16, 16)
    assert (segmenter(red).argmax(1) == 1)[:, 4:12, 4:12].all()


def test_resumed_training_is_bit_equal(recipe: SegmentationRecipe, tmp_path: Path) -> None:
    whole = trained(with_training(recipe, validate_every=2), tmp_path / "whole")
    short = with_training(recipe, validate_every=2)
    task = build_task(short, torch.device("cpu"))
    first = Trainer(task, short.training, tmp_path / "parts", Notes(), World())
    first.training = replace(short.training, max_steps=2)
    first.run()
    second = trained(short, tmp_path / "parts")
    for name, weight in whole.task.network.state_dict().items():
        assert torch.equal(weight, second.task.network.state_dict()[name]), name


@torch.no_grad()
def test_the_loss_does_not_depend_on_the_pieces(recipe: SegmentationRecipe) -> None:
    task = SegmentationTask(recipe, torch.device("cpu"))
    batch = next(task.batches(0, World()))
    losses = []
    for n_pieces in (1, 3):
        pieces = task.pieces(batch, n_pieces)
        total = sum(float(task.total(piece)) for piece in pieces)
        losses.append(total / sum(float(task.weight(piece)) for piece in pieces))
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert losses[0] == pytest.approx(math.log(3), abs=0.7)  # untrained: about one in three


@torch.no_grad()
def test_auxiliary_outputs_count_with_their_weight(recipe: SegmentationRecipe) -> None:
    deep = replace(
        recipe, backbone=Part("unet_plus_plus", {"widths": [4, 8, 16], "deep_supervision": True})
    )
    task = SegmentationTask(deep, torch.device("cpu"))
    piece = next(task.batches(0, World()))
    outputs = task.network.logits_all(piece.pixels)
    assert len(outputs) > 1
    expected = sum(
        weight * float(task.loss.total(logits, piece.labels)) for weight, logits in outputs
    )
    assert float(task.total(piece)) == pytest.approx(expected, rel=1e-5)


def test_exhibits_are_pictures_in_the_colours_of_the_classes(recipe: SegmentationRecipe) -> None:
    task = SegmentationTask(recipe, torch.device("cpu"))
    shown = list(task.exhibits())
    assert len(shown) == 2
    assert shown[0].data.shape == (3, 24, 32) and shown[0].sample_rate is None


def test_the_summary_says_what_is_seen(recipe: SegmentationRecipe) -> None:
    text = summary(recipe)
    assert "8 pictures of" in text and "3 pictures of" in text
    assert "nothing, red, blue" in text and "16 × 24, 3 channels" in text
    assert "rows ×" in text  # the receptive field
    missing = replace(recipe, pictures=replace(recipe.pictures, root="nowhere"))
    assert "nowhere: no such folder" in summary(missing)


def test_wrong_parts_and_data_are_refused(recipe: SegmentationRecipe, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="did you mean 'cross_entropy'"):
        build_task(with_training(recipe, loss=Part("cross_entrpy")), torch.device("cpu"))
    other = replace(recipe, pictures=replace(recipe.pictures, valid_split="vla"))
    with pytest.raises(DataError, match="vla"):
        trained(other, tmp_path / "run")


def test_the_command_trains_pictures(recipe: SegmentationRecipe, tmp_path: Path) -> None:
    path = tmp_path / "shapes.yaml"
    path.write_text(recipe_to_json(recipe), encoding="utf-8")  # JSON is YAML
    run = tmp_path / "run"
    words = ["train", str(path), "-o", str(run), "--device", "cpu", "training.max_steps=2"]
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0, result.output
    assert "mean IoU" in result.output
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert any("pictures_per_s" in line for line in lines)
    assert load_segmenter(run / "last.safetensors")[1].provenance["step"] == 2
