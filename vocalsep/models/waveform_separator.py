"""Waveform separator: samples in, samples out."""

from __future__ import annotations

import torch
from torch import Tensor

from vocalsep.dsp.signals import Signals
from vocalsep.errors import RecipeError
from vocalsep.models.base import SEPARATORS, BaseSeparator
from vocalsep.models.networks import Plan, all_outputs, build_network, context_of, inside
from vocalsep.recipe import Recipe

ACTIVATIONS = {"tanh": torch.tanh, "linear": torch.positive}


@SEPARATORS.register("waveform")
class WaveformSeparator(BaseSeparator):
    """Estimates the samples of the targets (Wave-U-Net: Stoller et al., ISMIR 2018).

    Every stem a target is the "direct output" of that paper; a residual that is no target is its
    "difference output": the last source is the mixture minus the others, so they add up. The
    spectra that losses may want come from the recipe's front end, the network never sees them.

    A network that reads context (valid convolutions) makes it the separator's margins.

    Args:
        recipe: targets, audio front end, backbone and chunk_frames are used.
        activation: of the samples: "tanh", or "linear" for none.
        per_target: an independent network for each target.

    Raises:
        RecipeError: a part is unknown or refuses its parameters.
    """

    def __init__(
        self, recipe: Recipe, *, activation: str = "tanh", per_target: bool = False
    ) -> None:
        super().__init__(recipe)
        if activation not in ACTIVATIONS:
            raise RecipeError(f"activation is {activation!r}: expected tanh or linear")
        self.activation = ACTIVATIONS[activation]
        channels = self.n_channels
        plan = Plan(recipe.backbone, 1, channels, channels, len(self.targets))
        self.backbone = build_network(plan, per_target)
        self.margin_samples = context_of(self.backbone)
        self.chunk_samples += 2 * self.margin_samples

    def separate(self, mixture: Tensor) -> Tensor:
        """(B, C, L) -> (B, S, C, L − 2·margins), both float32."""
        return self._samples(inside(self.backbone, mixture.to(self._backbone_dtype)))

    def estimates_heard(self, mixture: Tensor, auxiliary: bool) -> list[tuple[float, Signals]]:
        """(B, C, N) -> estimates (B, S, C, …) with their weights."""
        if auxiliary and not self.margin_samples:  # context networks have no auxiliary outputs
            found = all_outputs(self.backbone, mixture)
            outputs = [(weight, self._samples(values)) for weight, values in found]
        else:
            outputs = [(1.0, self.separate(mixture))]
        return [(w, Signals.from_waveforms(samples, self.front_end)) for w, samples in outputs]

    def _samples(self, values: Tensor) -> Tensor:
        """(B, S·C, N) of the network -> (B, S, C, N) float32."""
        samples: Tensor = self.activation(values.float())
        return samples.reshape(-1, len(self.targets), self.n_channels, samples.shape[-1])
