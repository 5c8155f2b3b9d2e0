"""A separator that passes its input through: it proves the pipeline around the networks."""

from __future__ import annotations

from torch import Tensor, nn


class IdentitySeparator(nn.Module):
    """Estimates every target as `gain` times the mixture.

    Overlap-add, resampling, channel grouping and writing are right exactly when this network
    comes out as its input (scaled), so the tests of everything but the networks stand on it.
    """

    hop_length = 1024
    n_fft = 4096
    margin_samples = 0

    def __init__(
        self,
        sample_rate: int = 44100,
        targets: tuple[str, ...] = ("vocals",),
        residual: str = "accompaniment",
        gain: float = 1.0,
        chunk_samples: int = 65536,
    ) -> None:
        super().__init__()
        self.sample_rate = sample_rate
        self.n_channels = 2
        self.targets = targets
        self.stems = (*targets, residual)
        self.gain = gain
        self.chunk_samples = chunk_samples
        self.backbone = nn.Identity()

    def set_backbone_dtype(self, dtype: object) -> None:
        """Nothing to convert: there are no weights."""

    def forward_valid(self, mixture: Tensor) -> Tensor:
        """There are no margins: the same as `forward`."""
        estimates: Tensor = self(mixture)
        return estimates

    def forward(self, mixture: Tensor) -> Tensor:
        """(B, C, L) -> (B, S, C, L)."""
        return (self.gain * mixture).unsqueeze(1).expand(-1, len(self.targets), -1, -1)
