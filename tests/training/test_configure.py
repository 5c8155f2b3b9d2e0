"""From a data set to a recipe that trains and segments."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from tests.helpers.pictures import save_labels, save_picture
from tests.helpers.volumes import CLASSES, write_ellipsoids
from tests.training.toy import Notes
from vocalsep.backbones.plan import Plan, plan
from vocalsep.data.pictures.fingerprint import fingerprint
from vocalsep.data.pictures.layouts import read_pictures
from vocalsep.data.pictures.loader import pictures_of, read_example
from vocalsep.errors import DataError
from vocalsep.models.load import load_segmenter
from vocalsep.recipe import Part, SegmentationRecipe, Training, load_recipe
from vocalsep.recipe.segmentation import Pictures, Pixels
from vocalsep.segmentation.predict import Predictor
from vocalsep.training.build import build_task
from vocalsep.training.configure import configured, recipe_tree
from vocalsep.training.trainer import Trainer
from vocalsep.training.world import World

SPACING = (4.0, 1.0, 1.0)


def quiet(done: int, total: int) -> None:
    """No progress."""


def train(recipe: SegmentationRecipe, run: Path) -> Trainer[Any, Any]:
    task = build_task(recipe, torch.device("cpu"))
    trainer: Trainer[Any, Any] = Trainer(task, recipe.training, run, Notes(), World())
    trainer.run()
    return trainer


def short(recipe: SegmentationRecipe, **changes: Any) -> SegmentationRecipe:
    """Few steps of small batches on the CPU."""
    few = {"max_steps": 2, "batch_size": 2, "precision": "fp32", "validate_every": 2, "workers": 0}
    return dataclasses.replace(
        recipe, training=dataclasses.replace(recipe.training, **{**few, **changes})
    )


def plan_of(root: Path) -> tuple[SegmentationRecipe, Plan]:
    found = read_pictures(root)
    look = fingerprint(found, quiet)
    chosen = plan(look)
    return configured(root, found, look, chosen), chosen


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Volumes of four times as coarse a first axis."""
    return write_ellipsoids(tmp_path / "balls", {"train": 4, "val": 1}, (7, 20, 22), SPACING)


def test_the_written_recipe_is_the_plan(root: Path, tmp_path: Path) -> None:
    recipe, chosen = plan_of(root)
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe_tree(recipe)))
    assert load_recipe(path) == recipe
    assert recipe.classes == CLASSES
    assert tuple(recipe.pixels.spacing) == chosen.spacing == SPACING
    assert recipe.pictures.crop == recipe.pixels.tile == list(chosen.patch)
    assert recipe.training.batch_size == chosen.batch_size
    assert chosen.strides[1] == (1, 2, 2)  # the coarse axis is not halved first


def test_a_planned_network_trains_and_segments_a_volume(root: Path, tmp_path: Path) -> None:
    """Narrower than planned: a test has no GPU."""
    recipe, _ = plan_of(root)
    params = {**recipe.backbone.params, "widths": [4] * len(recipe.backbone.params["widths"])}
    thin = dataclasses.replace(recipe, backbone=Part("nn_unet", params))
    trainer = train(short(thin), tmp_path / "run")
    assert trainer.at.step == 2 and trainer.at.bad_steps == 0
    segmenter, card = load_segmenter(tmp_path / "run" / "last.safetensors")
    assert 0 <= card.scores["val"]["mean IoU"] <= 1
    source = root / "images" / "val" / "0.npy"
    source.with_suffix(".json").write_text('{"spacing": [8, 1, 1]}')  # of another scanner
    example = read_example(pictures_of(recipe, "val").pairs[0], segmenter.pixels)
    assert example.labels.shape == (14, 20, 22)  # at the spacing of the plan
    labels = Predictor(segmenter, device="cpu").labels(np.moveaxis(example.pixels, 0, -1))
    assert labels.shape == example.labels.shape
    assert set(np.unique(labels)) <= {0, 1, 2}


def balls(root: Path, backbone: Part) -> SegmentationRecipe:
    return SegmentationRecipe(
        "balls",
        CLASSES,
        pixels=Pixels(3, 1, z_score=True, tile=[8, 16, 16]),
        backbone=backbone,
        pictures=Pictures(str(root), crop=[8, 16, 16], augment=[Part("crop", {"foreground": 0.5})]),
        training=Training(
            learning_rate=1e-2, warmup_steps=2, ema_decay=0.8, loss=Part("v_net_dice")
        ),
    )


V_NET = {"widths": [4, 8], "n_convs_down": [1, 1], "n_convs_up": [1], "norm": "instance"}


@pytest.mark.parametrize(
    "backbone",
    [
        pytest.param(Part("v_net", {**V_NET, "kernel": 3}), id="v_net"),
        pytest.param(Part("unet_3d", {"widths": [4, 8]}), id="unet_3d", marks=pytest.mark.slow),
        pytest.param(
            Part("nn_unet", {"widths": [6, 12, 24]}), id="nn_unet", marks=pytest.mark.slow
        ),
    ],
)
def test_networks_for_volumes_learn_with_dice(backbone: Part, tmp_path: Path) -> None:
    root = write_ellipsoids(tmp_path / "balls", {"train": 4, "val": 2}, (10, 20, 20), (2, 1, 1))
    n_steps = 40
    recipe = short(balls(root, backbone), max_steps=n_steps, validate_every=n_steps)
    trainer = train(recipe, tmp_path / "run")
    assert trainer.at.best > 0.5  # of nothing but background it is 0.3


def test_pictures_are_planned_too(tmp_path: Path) -> None:
    for index in range(2):
        save_picture(tmp_path / "train" / f"{index}.png", (40, 60), index)
        save_labels(tmp_path / "trainannot" / f"{index}.png", np.eye(40, 60, dtype=np.uint8))
    (tmp_path / "classes.txt").write_text("no\nyes\n")
    recipe, chosen = plan_of(tmp_path)
    assert (recipe.pixels.ndim, recipe.pixels.in_channels) == (2, 3)
    assert recipe.pixels.spacing == [] and not recipe.pixels.z_score
    assert chosen.patch == (40, 64)


def test_sets_must_be_of_one_kind(root: Path) -> None:
    path = root / "images" / "train" / "1.npy"
    np.save(path, np.stack([np.load(path)] * 2))
    with pytest.raises(DataError, match=r"1\.npy: it has 3 axes and 2 channels, expected 3 and 1"):
        fingerprint(read_pictures(root), quiet)
    path.write_bytes(b"")
    with pytest.raises(DataError, match=r"1\.npy: not a volume"):
        fingerprint(read_pictures(root), quiet)
