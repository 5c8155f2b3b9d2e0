"""A separator that passes its input through: it proves the pipeline around the networks."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vocalsep.models.model import Model
from vocalsep.models.stem_rule import StemRule


class IdentitySeparator(Model):
    """Estimates target number k (from 1 on) as gainᵏ times the mixture.

    Overlap-add, resampling, channel grouping and writing are right exactly when this network
    comes out as its input (scaled), so the tests of everything but the networks stand on it.
    """

    hop_length = 1024
    n_fft = 4096

    def __init__(
        self,
        sample_rate: int = 44100,
        targets: tuple[str, ...] = ("vocals",),
        residual: str = "accompaniment",
        gain: float = 1.0,
        chunk_samples: int = 65536,
        margin_samples: int = 0,
    ) -> None:
        super().__init__()
        self.sample_rate = sample_rate
        self.n_channels = 2
        self.targets = targets
        self.stems = (*(target for target in targets if target != residual), residual)
        self.rule = StemRule(self.targets, self.stems)
        self.gain = gain
        self.chunk_samples = chunk_samples
        self.margin_samples = margin_samples
        self.backbone = nn.Identity()

    def forward_valid(self, mixture: Tensor) -> Tensor:
        """(B, C, L) -> (B, S, C, L − 2·margins)."""
        inside = slice(self.margin_samples, mixture.shape[-1] - self.margin_samples)
        estimates: Tensor = self(mixture[..., inside])
        return estimates

    def forward(self, mixture: Tensor) -> Tensor:
        """(B, C, L) -> (B, S, C, L)."""
        powers = range(1, len(self.targets) + 1)
        return torch.stack([self.gain**power * mixture for power in powers], dim=1)
