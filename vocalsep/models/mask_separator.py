"""Spectrogram mask separator: STFT → backbone → mask → inverse STFT."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from vocalsep.dsp.signals import Signals
from vocalsep.errors import RecipeError
from vocalsep.models.base import SEPARATORS, BaseSeparator
from vocalsep.models.features import FEATURES, Features
from vocalsep.models.masks import MASKS, MaskKind
from vocalsep.models.networks import Plan, all_outputs, build_network
from vocalsep.recipe import Recipe
from vocalsep.recipe.part import check


@SEPARATORS.register("mask")
class MaskSeparator(BaseSeparator):
    """Estimates targets by masks on the mixture's complex spectrum.

    The network hears the lowest `n_bins` bins relative to their level in the chunk: masks do not
    depend on the level of the song, and nothing outside the chunk is needed. Bins above come out
    as zero, so they stay in the residual, or with `extend` they share the mean mask of the highest
    bins below: sibilants do not end where the network's hearing does.

    The STFT and the mask product are float32 whatever the backbone's precision. Time context is
    what the chunk holds: right of frame t the network may look up to the end of the chunk, and
    nothing but quality depends on how much of it there is.

    Args:
        recipe: targets, audio front end, backbone and chunk_frames are used.
        mask: name of a kind of mask.
        mask_params: parameters of that kind.
        features: name of what the network hears.
        per_target: an independent network for each target.
        extend: how many of the highest bins give their mean mask to all bins above when sources
            are separated; 0: none. Training does not know of it.

    Raises:
        RecipeError: a part is unknown or refuses its parameters, or the kind of mask shares the
            mixture among stems that are not all targets, or a part wants two channels.
    """

    def __init__(
        self,
        recipe: Recipe,
        *,
        mask: str = "sigmoid",
        mask_params: Mapping[str, Any] | None = None,
        features: str = "log_magnitude",
        per_target: bool = False,
        extend: int = 0,
    ) -> None:
        super().__init__(recipe)
        n_bins = self.front_end.n_bins
        check("separator.extend", extend, 0 <= extend <= n_bins, f"0 to {n_bins} (audio.n_bins)")
        self.extend = extend
        self.mask: MaskKind = MASKS.build(mask, mask_params or {})
        if self.mask.shares and self.rule.residual is None:
            raise RecipeError(
                f"mask {mask!r} shares the mixture among all stems, but the targets are only "
                f"{', '.join(self.targets)}: add {self.stems[-1]!r} to them"
            )
        self.features: Features = FEATURES.build(features, {})
        for kind, name in ((self.mask, mask), (self.features, features)):
            if kind.stereo and self.n_channels != 2:
                raise RecipeError(
                    f"{name!r} compares left and right, but audio.n_channels is "
                    f"{self.n_channels}: expected 2"
                )
        plan = Plan(
            part=recipe.backbone,
            ndim=2,
            in_channels=self.features.n_values * self.n_channels,
            out_channels=self.mask.n_values * self.n_channels,
            n_targets=len(self.targets),
            n_bins=self.front_end.n_bins,
        )
        self.backbone = build_network(plan, per_target)

    def separate(self, mixture: Tensor) -> Tensor:
        """(B, C, L) -> (B, S, C, L), both float32."""
        whole = self.front_end.stft.analyse(mixture)  # (B, C, F, T)
        spectrum = whole[:, :, : self.front_end.n_bins]
        [(_, values)] = self._values(spectrum, auxiliary=False)
        masks = self.mask.separating(values, spectrum)  # (B, S, C', F', T)
        if self.extend:
            above = masks[..., -self.extend :, :].mean(-2, keepdim=True)
            n_above = whole.shape[2] - spectrum.shape[2]
            masks = torch.cat([masks, above.expand(-1, -1, -1, n_above, -1)], dim=-2)
            spectrum = whole
        return self.front_end.waveforms(self.mask.apply(masks, spectrum), mixture.shape[-1])

    def estimates_heard(self, mixture: Tensor, auxiliary: bool) -> list[tuple[float, Signals]]:
        """(B, C, N) -> estimates (B, S, C, …) with their weights."""
        spectrum = self._spectrum(mixture)
        found = []
        for weight, values in self._values(spectrum, auxiliary):
            estimates = self.mask.apply(self.mask.trained(values, spectrum), spectrum)
            signals = Signals.from_spectra(estimates, self.front_end, mixture.shape[-1])
            found.append((weight, signals))
        return found

    def _values(self, spectrum: Tensor, auxiliary: bool) -> list[tuple[float, Tensor]]:
        """What the network says: (weight, (B, S, n_values, C, F', T) float32) of each output."""
        features = self.features(spectrum).to(self._backbone_dtype)  # (B, D, F', T)
        features = features.contiguous(memory_format=torch.channels_last)
        if auxiliary:
            outputs = all_outputs(self.backbone, features)
        else:
            outputs = [(1.0, self.backbone(features))]
        split = (len(self.targets), self.mask.n_values, self.n_channels)
        return [(weight, y.float().reshape(-1, *split, *y.shape[2:])) for weight, y in outputs]

    def _spectrum(self, mixture: Tensor) -> Tensor:
        """(B, C, N) float32 -> (B, C, F', T) complex64."""
        return self.front_end.spectra(mixture.unsqueeze(1))[:, 0]
