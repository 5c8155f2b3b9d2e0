"""Pictures and volumes in, logits of classes out."""

from __future__ import annotations

import torch
from torch import Tensor

from vocalsep.images.labels import Colour
from vocalsep.images.palette import voc_palette
from vocalsep.models.model import Model
from vocalsep.models.networks import Plan, all_outputs, build_network
from vocalsep.recipe import SegmentationRecipe


class Segmenter(Model):
    """Says of every pixel how likely each class is.

    The network works on any size; values are brought to the mean and spread that the recipe
    names before it sees them.

    Args:
        recipe: classes, palette, pixels and backbone are used.

    Attributes:
        classes: names, in the order of K.
        palette: (R, G, B) of each, 0 to 255.
        ndim: 2 for pictures, 3 for volumes.
        in_channels: D.
        pixels: what else the network wants of pictures and volumes.
        tile: pixels along each axis that the network should get at a time.

    Raises:
        RecipeError: the backbone is unknown, refuses its parameters or is of another dimension.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, recipe: SegmentationRecipe) -> None:
        super().__init__()
        pixels = recipe.pixels
        self.classes = tuple(recipe.classes)
        colours: list[Colour] = [(red, green, blue) for red, green, blue in recipe.palette]
        self.palette = tuple(colours or voc_palette(len(self.classes)))
        self.ndim = pixels.ndim
        self.in_channels = pixels.in_channels
        self.pixels = pixels
        self.tile = tuple(pixels.tile)
        self.backbone = build_network(
            Plan(recipe.backbone, self.ndim, self.in_channels, len(self.classes), n_targets=1),
            per_target=False,
        )
        shape = (self.in_channels, *(1,) * self.ndim)
        for name, values, usual in (("mean", pixels.mean, 0.0), ("std", pixels.std, 1.0)):
            value = torch.tensor(values or [usual] * self.in_channels).reshape(shape)
            self.register_buffer(name, value, persistent=False)  # the recipe keeps it

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, D, *size) float32 of 0…1 -> logits (B, K, *size) float32."""
        logits: Tensor = self.backbone(self._normalised(pictures))
        return logits.float()

    def logits_all(self, pictures: Tensor) -> list[tuple[float, Tensor]]:
        """The logits with weight 1, then those of auxiliary outputs with theirs in the loss."""
        outputs = all_outputs(self.backbone, self._normalised(pictures))
        return [(weight, logits.float()) for weight, logits in outputs]

    def _normalised(self, pictures: Tensor) -> Tensor:
        values = ((pictures - self.mean) / self.std).to(self._backbone_dtype)
        if self.ndim == 2:
            return values.contiguous(memory_format=torch.channels_last)
        return values
