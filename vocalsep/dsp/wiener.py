"""Multichannel Wiener filter with expectation maximisation: sharpens estimates by the mixture.

Every source is a Gaussian with a power v_j(f, t) and a spatial covariance R_j(f), and the mixture
is their sum. Given both, the best estimate of source j is

    y_j(f, t) = v_j R_j (Σ_k v_k R_k)⁻¹ x(f, t),

and given estimates, both follow from them:

    v_j(f, t) = mean_c |y_jc(f, t)|²,     R_j(f) = Σ_t y_j y_jᴴ / Σ_t v_j

Each iteration does the second, then the first. The estimates always add up to the mixture.

Nugraha, Liutkus & Vincent, "Multichannel audio source separation with deep neural networks", IEEE
TASLP 24(9), 2016; Liutkus & Stöter, norbert, 2019.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vocalsep.dsp.overlap import ChunkGeometry, chunks, overlap_add
from vocalsep.dsp.stft import STFT

REGULARISER = 1e-10  # of the mean power: where nothing is heard the inverse stays finite
LEAST_POWER = 1e-30  # its square can still be divided by, in float64
CHUNK_S = 20.0  # that the covariances of a song are fitted to at a time
_BAND_BINS = 32  # worked on at a time: bins do not know each other, and a chunk has many

Float32Array = npt.NDArray[np.float32]


def spatial_model(estimates: Tensor) -> tuple[Tensor, Tensor]:
    """Powers and covariances of complex estimates (S, C, F, T).

    Returns:
        (S, F, T) powers, and (S, F, C, C) spatial covariances with mean diagonal 1.
    """
    powers = estimates.abs().square().mean(1)  # (S, F, T)
    by_bin = estimates.permute(0, 2, 1, 3)  # (S, F, C, T)
    covariances = by_bin @ by_bin.mH  # (S, F, C, C)
    weights = powers.sum(-1)[..., None, None]
    return powers, covariances / weights.clamp_min(LEAST_POWER)


def posterior(mixture: Tensor, powers: Tensor, covariances: Tensor) -> Tensor:
    """The best estimates under the model, which add up to the mixture.

    Args:
        mixture: (C, F, T) complex.
        powers: (S, F, T).
        covariances: (S, F, C, C).

    Returns:
        (S, C, F, T) complex estimates.
    """
    n_channels = len(mixture)
    total = torch.einsum("sft,sfcd->ftcd", powers.to(covariances.dtype), covariances)
    floor = REGULARISER * powers.sum(0).mean() + LEAST_POWER
    # A share of the identity for every source: the sum stays that of the parts.
    total = total + floor * torch.eye(n_channels, dtype=total.dtype)
    whitened = _solve(total, mixture.permute(1, 2, 0))  # (F, T, C)
    filtered = torch.einsum("sfcd,ftd->scft", covariances, whitened) * powers.unsqueeze(1)
    return filtered + floor * whitened.permute(2, 0, 1) / len(powers)


def wiener(estimates: Tensor, mixture: Tensor, n_iterations: int = 1) -> Tensor:
    """Refine complex estimates (S, C, F, T) of a mixture (C, F, T).

    Args:
        n_iterations: times that the model is fitted and applied; 0 changes nothing.
    """
    for _ in range(n_iterations):
        estimates = posterior(mixture, *spatial_model(estimates))
    return estimates


def _solve(matrices: Tensor, vectors: Tensor) -> Tensor:
    """(…, C, C) and (…, C) -> (…, C); closed forms for one and two channels are much faster."""
    n_channels = vectors.shape[-1]
    if n_channels == 1:
        return vectors / matrices[..., 0]
    if n_channels > 2:
        found: Tensor = torch.linalg.solve(matrices, vectors)
        return found
    a, b, c, d = (matrices[..., i, j] for i in (0, 1) for j in (0, 1))
    x, y = vectors[..., 0], vectors[..., 1]
    return torch.stack([d * x - b * y, a * y - c * x], dim=-1) / (a * d - b * c).unsqueeze(-1)


class WienerFilter:
    """Refines waveforms chunk by chunk, so that memory does not grow with their length.

    The covariances belong to a chunk: long enough to be estimated well, short enough to follow
    sources that move.

    Args:
        stft: of the model whose estimates are refined.
        n_iterations: of expectation maximisation.
        chunk_samples: length of a chunk; neighbours share a quarter of it and are cross-faded.
        groups: channels that have spatial covariances together, such as the pairs of a surround
            recording; those in none keep their estimates. None is all together.
    """

    def __init__(
        self,
        stft: STFT,
        n_iterations: int,
        chunk_samples: int,
        groups: Sequence[Sequence[int]] | None = None,
    ) -> None:
        self._stft = stft
        self._n_iterations = n_iterations
        self._geometry = ChunkGeometry.from_overlap(chunk_samples, 0.25)
        self._groups = groups

    def stream(self, blocks: Iterable[Float32Array]) -> Iterator[Float32Array]:
        """Refine a stream of (1 + S, C, n): the mixture, then the estimates of all its stems.

        Yields:
            (S, C, m) estimates, in all as long as the input; they add up to the mixture.
        """
        refined = (self._refine(chunk) for chunk in chunks(blocks, self._geometry))
        yield from overlap_add(refined, self._geometry)

    def _refine(self, samples: npt.NDArray[np.floating]) -> Float32Array:
        """(1 + S, C, L) -> (S, C, L), group by group."""
        found = np.array(samples[1:], np.float32)
        for group in self._groups if self._groups is not None else [range(samples.shape[1])]:
            channels = list(group)
            found[:, channels] = self._refine_together(samples[:, channels])
        return found

    @torch.inference_mode()
    def _refine_together(self, samples: npt.NDArray[np.floating]) -> Float32Array:
        signals = torch.from_numpy(np.ascontiguousarray(samples, np.float32))
        n_signals, n_channels, length = signals.shape
        size = (n_signals, n_channels, self._stft.n_bins, self._stft.n_frames(length))
        spectra = torch.empty(size, dtype=torch.complex64)
        for k in range(n_signals):  # one by one: a transform needs several times its result's room
            spectra[k : k + 1] = self._stft.analyse(signals[k : k + 1])
        estimates, mixture = spectra[1:], spectra[0]  # (S, C, F, T), (C, F, T)
        for start in range(0, self._stft.n_bins, _BAND_BINS):
            band = slice(start, start + _BAND_BINS)
            # Covariances are sums over thousands of frames: float32 would lose quiet sources.
            sources, sum_ = (x[..., band, :].to(torch.complex128) for x in (estimates, mixture))
            estimates[..., band, :] = wiener(sources, sum_, self._n_iterations)
        return np.concatenate([self._stft.synthesise(e, length) for e in estimates.split(1)])
