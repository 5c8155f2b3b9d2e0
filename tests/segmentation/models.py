"""Thin segmenters, in memory and in files."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from vocalsep.models.checkpoint import save_model
from vocalsep.models.segmenter import Segmenter
from vocalsep.recipe import Part, Pixels, SegmentationRecipe

COLOURS = [[10, 20, 30], [200, 0, 0], [0, 180, 0]]


def thin_recipe(ndim: int = 2, in_channels: int = 3, tile: int = 32) -> SegmentationRecipe:
    """Three classes, a U-Net of two levels."""
    return SegmentationRecipe(
        name="thin",
        classes=["ground", "red thing", "green thing"],
        palette=COLOURS,
        pixels=Pixels(ndim=ndim, in_channels=in_channels, tile=[tile] * ndim),
        backbone=Part("unet", {"widths": [4, 6], "norm": "group"}),
    )


def thin_segmenter(ndim: int = 2, in_channels: int = 3, tile: int = 32) -> Segmenter:
    """Untrained, always the same, and far from sure of nothing: its weights are enlarged."""
    torch.manual_seed(0)
    segmenter = Segmenter(thin_recipe(ndim, in_channels, tile)).eval()
    with torch.no_grad():
        for weight in segmenter.parameters():
            weight.mul_(2.0)
    return segmenter


def saved(path: Path, segmenter: Segmenter, recipe: SegmentationRecipe | None = None) -> Path:
    """A model file of it."""
    recipe = recipe or thin_recipe(segmenter.ndim, segmenter.in_channels, segmenter.tile[0])
    save_model(path, recipe, segmenter.state_dict(), {}, {})
    return path


class Colours(nn.Module):
    """Logits that tell pixels by their colour: the first channel against the second."""

    def forward(self, pictures: Tensor) -> Tensor:
        first, second = pictures[:, 0], pictures[:, 1]
        return 8.0 * torch.stack([0.3 - (first - second).abs(), first - second, second - first], 1)


def colour_segmenter(ndim: int = 2, in_channels: int = 3, tile: int = 32) -> Segmenter:
    """Looks at single pixels: ground where red and green are alike, else what there is more of."""
    segmenter = thin_segmenter(ndim, in_channels, tile)
    segmenter.backbone = Colours()
    return segmenter
