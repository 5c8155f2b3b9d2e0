"""Recipes of thin separators of every kind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.helpers.synth import tiny_recipe
from vocalsep.recipe import Part, Recipe

THIN_WAVE = {"levels": 2, "width": 3, "kernel": 5, "up_kernel": 3}


def mask_recipe(mask: str = "sigmoid", *targets: str, **params: Any) -> Recipe:
    """Of a spectrogram U-Net; a residual among the targets is the last of them."""
    recipe = tiny_recipe(Path("bank"))
    names = list(targets) or ["vocals", "accompaniment"]
    part = Part("mask", {"mask": mask, **params})
    return replace(recipe, targets=names, residual="accompaniment", separator=part)


def wave_recipe(*targets: str, n_channels: int = 2, **network: Any) -> Recipe:
    """Of a Wave-U-Net."""
    recipe = tiny_recipe(Path("bank"))
    return replace(
        recipe,
        targets=list(targets) or ["vocals"],
        residual="accompaniment",
        audio=replace(recipe.audio, n_channels=n_channels),
        separator=Part("waveform"),
        backbone=Part("wave_u_net", {**THIN_WAVE, **network}),
    )


def ensemble_recipe(*members: dict[str, Any]) -> Recipe:
    """Of two spectrogram networks that hear other bins, and a Wave-U-Net that reads context."""
    wave = wave_recipe()
    default = (
        {"backbone": {"name": "unet_classic", "params": {"widths": [4, 6], "norm": "group"}}},
        {"audio": {"n_fft": 512, "n_bins": 128}, "separator": {"name": "mask", "params": {}}},
        {
            "separator": {"name": "waveform", "params": {}},
            "backbone": {"name": wave.backbone.name, "params": wave.backbone.params},
        },
    )
    part = Part("ensemble", {"members": list(members or default)})
    return replace(mask_recipe("sigmoid", "vocals"), separator=part)
