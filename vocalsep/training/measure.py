"""What a network needs and sees, found by trying it."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from vocalsep.backbones.base import Backbone
from vocalsep.models.base import BaseSeparator
from vocalsep.models.build import build_model
from vocalsep.models.segmenter import Segmenter
from vocalsep.recipe import AnyRecipe, Recipe, SegmentationRecipe

NORMS = (nn.GroupNorm, nn.LayerNorm, nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)

# Number of axes -> what they count.
SOUND_AXES = {1: ("samples",), 2: ("bins", "frames")}
PIXEL_AXES = {2: ("rows", "columns"), 3: ("planes", "rows", "columns")}


def activation_bytes(recipe: AnyRecipe) -> int:
    """Bytes of float32 that the layers of the backbone leave for the backward pass, one example.

    Found on the meta device, where nothing is allocated: the sum of all outputs of layers.
    """
    found = 0

    def note(layer: nn.Module, inputs: Any, output: Any) -> None:
        nonlocal found
        found += 4 * output.numel() if isinstance(output, Tensor) else 0

    with torch.device("meta"):
        model = build_model(recipe)
        for layer in model.backbone.modules():
            if not list(layer.children()):
                layer.register_forward_hook(note)
        example = torch.zeros(1, *example_shape(recipe, model))
        # A separator's waveforms would need an inverse STFT, which the meta device refuses.
        _ = model.estimate(example) if isinstance(model, BaseSeparator) else model(example)
    return found


def example_shape(recipe: AnyRecipe, model: BaseSeparator | Segmenter) -> tuple[int, ...]:
    """(C, …) of what the network gets of one training example, margins of context included."""
    if isinstance(model, BaseSeparator):
        assert isinstance(recipe, Recipe)
        n_samples = (recipe.mixing.segment_frames - 1) * recipe.audio.hop_length
        return model.n_channels, n_samples + 2 * model.margin_samples
    assert isinstance(recipe, SegmentationRecipe)
    return model.in_channels, *(recipe.pictures.crop or recipe.pixels.tile)


def receptive_field(model: BaseSeparator | Segmenter) -> str:
    """How much of the input one value of the output depends on, through the convolutions.

    Norms are left out: some depend on everything, if only by two numbers. All weights are made
    positive, so that nothing cancels, and the gradient of the middle output is looked at.
    """
    probe = without_norms(copy.deepcopy(model).eval())
    probe.set_backbone_dtype(torch.float64)
    backbone = next(m for m in probe.backbone.modules() if isinstance(m, Backbone))
    transform, gradients = backbone.transform, []

    def watched(features: Tensor) -> Tensor:
        features = features.detach().abs().requires_grad_()
        output = transform(features)
        middle = output[0]  # (D, *size)
        for n in output.shape[2:]:
            middle = middle.select(1, n // 2)
        gradients.append(torch.autograd.grad(middle.sum(), features)[0])
        return output.detach()

    backbone.transform = watched  # type: ignore[method-assign]
    probe.forward(0.1 * torch.ones(1, *_chunk(model)))
    touched = gradients[0][0].abs().sum(0) > 0  # (*size)
    sizes = [int(index.max() - index.min()) + 1 for index in touched.nonzero(as_tuple=True)]
    axes = (PIXEL_AXES if isinstance(model, Segmenter) else SOUND_AXES)[len(sizes)]
    parts = [
        f"{n} of {whole} {axis}" for n, whole, axis in zip(sizes, touched.shape, axes, strict=True)
    ]
    return " × ".join(parts)


def _chunk(model: BaseSeparator | Segmenter) -> tuple[int, ...]:
    """(C, …) what the network gets at a time."""
    if isinstance(model, Segmenter):
        return model.in_channels, *model.tile
    return model.n_channels, model.chunk_samples


def without_norms(network: Any) -> Any:
    """The network with every norm replaced by nothing and every weight positive and small."""
    for module in network.modules():
        for name, child in module.named_children():
            if isinstance(child, NORMS):
                setattr(module, name, nn.Identity())
    with torch.no_grad():
        for weight in network.backbone.parameters():
            weight.fill_(1 / max(1, weight[0].numel() if weight.ndim > 1 else 1))
    return network
