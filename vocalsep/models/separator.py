"""Spectrogram mask separator: STFT → backbone → mask → inverse STFT."""

from __future__ import annotations

import torch
from torch import Tensor

from vocalsep.backbones import BACKBONES
from vocalsep.dsp.signals import Signals
from vocalsep.dsp.stft import STFT
from vocalsep.errors import RecipeError
from vocalsep.models.base import SEPARATORS, BaseSeparator
from vocalsep.models.masks import MASKS, MaskKind
from vocalsep.recipe import Recipe

LOG_GAIN = 16.0  # brings typical magnitudes (near the mean level) into the bend of log1p


@SEPARATORS.register("mask")
class MaskSeparator(BaseSeparator):
    """Estimates targets by masks on the mixture's complex spectrum.

    The network hears log-compressed magnitudes of the lowest `n_bins` bins, divided by their
    mean over the chunk: masks do not depend on the level of the song, and nothing outside the
    chunk is needed. Bins above come out as zero, so they stay in the residual.

    The STFT and the mask product are float32 whatever the backbone's precision. Time context is
    what the chunk holds: right of frame t the network may look up to the end of the chunk, and
    nothing but quality depends on how much of it there is.

    Args:
        recipe: targets, audio front end, backbone and chunk_frames are used.
        mask: name of a kind of mask.

    Raises:
        RecipeError: a part is unknown or refuses its parameters, or the kind of mask shares the
            mixture among stems that are not all targets.
    """

    def __init__(self, recipe: Recipe, *, mask: str = "sigmoid") -> None:
        super().__init__(recipe)
        self.mask: MaskKind = MASKS.build(mask, {})
        if self.mask.shares and self.rule.residual is None:
            raise RecipeError(
                f"mask {mask!r} shares the mixture among the targets {', '.join(self.targets)}: "
                f"expected every stem among them; add {self.stems[-1]!r}"
            )
        self.backbone = BACKBONES.build(
            recipe.backbone.name,
            recipe.backbone.params,
            self.n_channels,
            len(self.targets) * self.mask.n_values * self.n_channels,
        )

    @property
    def stft(self) -> STFT:
        """The front end without its band."""
        return self.front_end.stft

    @property
    def n_bins(self) -> int:
        """F', the lowest bins that are masked."""
        return self.front_end.n_bins

    def separate(self, mixture: Tensor) -> Tensor:
        """(B, C, L) -> (B, S, C, L), both float32."""
        spectrum = self._spectrum(mixture)
        masks = self.mask.separating(self.values(spectrum), spectrum)
        return self.front_end.waveforms(masks * spectrum.unsqueeze(1), mixture.shape[-1])

    def estimate_heard(self, mixture: Tensor) -> Signals:
        """(B, C, N) -> estimates (B, S, C, …)."""
        spectrum = self._spectrum(mixture)
        estimates = self.masks(spectrum) * spectrum.unsqueeze(1)  # (B, S, C, F', T)
        return Signals.from_spectra(estimates, self.front_end, mixture.shape[-1])

    def masks(self, spectrum: Tensor) -> Tensor:
        """Masks of every target as losses see them.

        Args:
            spectrum: (B, C, F, T) complex64, F ≥ n_bins.

        Returns:
            (B, S, C, n_bins, T) float32 or complex64.
        """
        spectrum = spectrum[..., : self.n_bins, :]
        return self.mask.trained(self.values(spectrum), spectrum)

    def values(self, spectrum: Tensor) -> Tensor:
        """What the network says, (B, C, F', T) complex64 -> (B, S, n_values, C, F', T) float32."""
        features = self.features(spectrum).to(self._backbone_dtype)  # (B, C, F', T)
        values: Tensor = self.backbone(features).float()
        n_targets, n_values = len(self.targets), self.mask.n_values
        return values.reshape(-1, n_targets, n_values, self.n_channels, *values.shape[2:])

    def features(self, spectrum: Tensor) -> Tensor:
        """What the backbone hears, (B, C, F', T) complex64 -> (B, C, F', T) float32."""
        magnitude = spectrum.abs()
        features = torch.log1p(LOG_GAIN * magnitude / mean_level(magnitude))
        return features.contiguous(memory_format=torch.channels_last)

    def _spectrum(self, mixture: Tensor) -> Tensor:
        """(B, C, N) float32 -> (B, C, F', T) complex64."""
        return self.front_end.spectra(mixture.unsqueeze(1))[:, 0]


def mean_level(magnitude: Tensor) -> Tensor:
    """Mean magnitude of each example, kept above zero; (B, C, F, T) -> (B, 1, 1, 1)."""
    return magnitude.mean(dim=(1, 2, 3), keepdim=True).clamp_min(1e-6)
