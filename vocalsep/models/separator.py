"""Spectrogram mask separator: STFT → backbone → soft mask → inverse STFT."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from vocalsep.backbones import BACKBONES
from vocalsep.dsp.mask import apply_mask
from vocalsep.dsp.stft import STFT
from vocalsep.recipe import Recipe

LOG_GAIN = 16.0  # brings typical magnitudes (near the mean level) into the bend of log1p


def residual_name(targets: Sequence[str]) -> str:
    """What the mixture minus all targets is called."""
    return "accompaniment" if list(targets) == ["vocals"] else "residual"


class MaskSeparator(nn.Module):
    """Estimates targets by real masks in [0, 1] on the mixture's complex spectrum.

    The network hears log-compressed magnitudes of the lowest `n_bins` bins, divided by their
    mean over the chunk: masks do not depend on the level of the song, and nothing outside the
    chunk is needed. Bins above come out as zero, so they stay in the residual.

    The STFT and the mask product are float32 whatever the backbone's precision. Time context is
    what the chunk holds: right of frame t the network may look up to the end of the chunk, and
    nothing but quality depends on how much of it there is.

    Args:
        recipe: targets, audio front end, backbone and chunk_frames are used.

    Raises:
        RecipeError: the backbone is unknown or refuses its parameters.
    """

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        audio = recipe.audio
        self.sample_rate = audio.sample_rate
        self.n_channels = audio.n_channels
        self.n_fft = audio.n_fft
        self.hop_length = audio.hop_length
        self.n_bins = audio.n_bins
        self.targets = tuple(recipe.targets)
        # Centred frames: n frames span (n − 1) hops.
        self.chunk_samples = (recipe.chunk_frames - 1) * audio.hop_length
        self.stft = STFT(audio.n_fft, audio.hop_length)
        self.backbone: nn.Module = BACKBONES.build(
            recipe.backbone.name,
            recipe.backbone.params,
            audio.n_channels,
            audio.n_channels * len(self.targets),
        )
        self._backbone_dtype = torch.float32

    def set_backbone_dtype(self, dtype: torch.dtype) -> None:
        """Convert the backbone's weights; inputs and outputs of this module stay float32."""
        self.backbone.to(dtype)
        self._backbone_dtype = dtype

    def use_channels_last(self) -> None:
        """Store 4-D weights channels-last: measured 1.3 to 3 times as fast on CPUs."""
        # PyTorch's type stubs do not know the keyword alone.
        self.backbone.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, mixture: Tensor) -> Tensor:
        """Estimate every target.

        Args:
            mixture: (B, C, L) float32, L ≥ 1.

        Returns:
            (B, S, C, L) float32, aligned with the mixture.
        """
        batch, channels, n_samples = mixture.shape
        spectrum = self.stft.analyse(mixture)  # (B, C, F, T)
        estimates = apply_mask(self.masks(spectrum), spectrum)  # (B, S, C, F, T)
        flat = estimates.flatten(0, 1)  # (B·S, C, F, T)
        return self.stft.synthesise(flat, n_samples).reshape(batch, -1, channels, n_samples)

    def masks(self, spectrum: Tensor) -> Tensor:
        """Masks of every target, (B, C, F, T) complex64 -> (B, S, C, n_bins, T) float32."""
        features = self.features(spectrum).to(self._backbone_dtype)
        logits = self.backbone(features).float()  # (B, S·C, n_bins, T)
        masks: Tensor = torch.sigmoid(logits)
        batch, _, n_bins, n_frames = masks.shape
        return masks.reshape(batch, len(self.targets), self.n_channels, n_bins, n_frames)

    def features(self, spectrum: Tensor) -> Tensor:
        """What the backbone hears, (B, C, F, T) complex64 -> (B, C, n_bins, T) float32."""
        magnitude = spectrum[..., : self.n_bins, :].abs()
        features = torch.log1p(LOG_GAIN * magnitude / mean_level(magnitude))
        return features.contiguous(memory_format=torch.channels_last)


def mean_level(magnitude: Tensor) -> Tensor:
    """Mean magnitude of each example, kept above zero; (B, C, F, T) -> (B, 1, 1, 1)."""
    return magnitude.mean(dim=(1, 2, 3), keepdim=True).clamp_min(1e-6)
