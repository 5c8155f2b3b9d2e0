"""A recipe that fits a data set, as nnU-Net configures itself."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from vocalsep.backbones.plan import Fingerprint, Plan
from vocalsep.data.pictures.layouts import PictureSet
from vocalsep.recipe import Part, SegmentationRecipe, Training
from vocalsep.recipe.segmentation import Pictures, Pixels

STEPS = 250_000  # nnU-Net's 1000 epochs of 250 steps
FOREGROUND = 0.33  # share of the patches that surely show more than background
DICE = {"name": "dice", "params": {"include_background": False}}


def configured(root: Path, found: PictureSet, look: Fingerprint, plan: Plan) -> SegmentationRecipe:
    """The recipe of a plan: network, patch, spacing and training of nnU-Net.

    Source: Isensee et al., "nnU-Net", Nature Methods 18, 2021: SGD with Nesterov momentum 0.99,
    rate 0.01 falling as (1 − t)^0.9, Dice and cross-entropy, a third of the patches around
    foreground, scales of 0.7 to 1.4, rotation, blur, noise, gamma, mirror images. Volumes get mean
    0 and standard deviation 1; pictures are brought to about that.

    Args:
        root: of the data set.
        found: what was looked at.
        look: its fingerprint.
        plan: what follows from it.
    """
    volumes, channels = plan.ndim == 3, look.in_channels
    return SegmentationRecipe(
        name=root.resolve().name,
        classes=list(found.classes),
        pixels=Pixels(
            ndim=plan.ndim,
            in_channels=channels,
            mean=[] if volumes else [0.5] * channels,
            std=[] if volumes else [0.25] * channels,
            z_score=volumes,
            spacing=list(plan.spacing) if volumes else [],
            tile=list(plan.patch),
        ),
        backbone=Part("nn_unet", {k: v for k, v in plan.params().items() if k != "ndim"}),
        pictures=Pictures(
            root=str(root),
            layout=found.layout,
            crop=list(plan.patch),
            augment=_augmentations(plan.ndim),
        ),
        training=Training(
            batch_size=plan.batch_size,
            max_steps=STEPS,
            optimizer=Part("sgd", {"momentum": 0.99, "nesterov": True}),
            learning_rate=0.01,
            schedule=Part("poly"),
            warmup_steps=0,
            weight_decay=3e-5,
            clip_norm=12.0,
            loss=Part("weighted_sum", {"parts": [DICE, {"name": "cross_entropy"}]}),
        ),
    )


def _augmentations(ndim: int) -> list[Part]:
    """The crop first: what comes after has less to do."""
    return [
        Part("crop", {"scale": [0.7, 1.4], "foreground": FOREGROUND}),
        Part("rotation", {"degrees": 30.0, "p": 0.2}),
        Part("blur", {"sigma": [0.5, 1.0], "p": 0.2}),
        Part("noise", {"sigma": 0.1, "p": 0.1}),
        Part("gamma", {"gamma": [0.7, 1.5], "p": 0.3}),
        *(Part("flip", {"axis": -1 - axis}) for axis in range(ndim)),
    ]


def recipe_tree(recipe: SegmentationRecipe) -> dict[str, Any]:
    """What of a recipe is not usual, as plain values; `load_recipe` reads it from YAML."""
    usual = asdict(SegmentationRecipe(recipe.name, classes=recipe.classes))
    required = {"task": recipe.task, "name": recipe.name, "classes": recipe.classes}
    return {**required, **_unusual(asdict(recipe), usual)}


def _unusual(tree: dict[str, Any], usual: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for key, value in tree.items():
        if value == usual[key]:
            continue
        is_part = not isinstance(value, dict) or "params" in value
        found[key] = value if is_part else _unusual(value, usual[key])
    return found
