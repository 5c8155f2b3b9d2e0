"""Average estimates over playing speeds.

Played a semitone lower or higher, and as much slower or quicker, a song is another song to a
network: its frames fall elsewhere on the music and the voice comes from another throat. What the
network mistakes in one it often gets right in another, so the mean is better than each. The
speeds are fixed: the result is the same on every run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import soxr
import torch
from torch import Tensor
from torch.nn import functional

Estimate = Callable[[Tensor], Tensor]


def mean_over_speeds(
    estimate: Estimate, mixture: Tensor, speeds: Sequence[float], margin: int
) -> Tensor:
    """Estimate (B, C, L) -> (B, S, C, L − 2·margin) at every speed, bring back to 1, average.

    Args:
        estimate: drops `margin` samples of its input at both ends.
        mixture: (B, C, L) float32.
        speeds: factors; 1 is the mixture as it is.
        margin: samples.
    """
    return torch.stack([at_speed(estimate, mixture, speed, margin) for speed in speeds]).mean(0)


def at_speed(estimate: Estimate, mixture: Tensor, speed: float, margin: int) -> Tensor:
    """The same at one speed."""
    if speed == 1.0:
        return estimate(mixture)
    n_samples = mixture.shape[-1]
    played = _resampled(mixture, max(1, round(n_samples / speed)))
    # The margins shrink or grow with the rest: the network gets its own in silence instead.
    estimates = estimate(functional.pad(played, (margin, margin)))
    return _resampled(estimates, n_samples)[..., margin : n_samples - margin]


def _resampled(sound: Tensor, n_samples: int) -> Tensor:
    """(…, L) -> (…, n_samples), the same sound in another number of samples; without gradient."""
    signals = sound.detach().reshape(-1, sound.shape[-1]).cpu().numpy()
    # Channel by channel in memory is what soxr is quickest with; its rounding of the length is
    # its own.
    found = soxr.resample(signals.T, sound.shape[-1], n_samples, quality="HQ").T[:, :n_samples]
    out = np.zeros((len(signals), n_samples), np.float32)
    out[:, : found.shape[1]] = found
    return torch.from_numpy(out).reshape(*sound.shape[:-1], n_samples).to(sound.device)
