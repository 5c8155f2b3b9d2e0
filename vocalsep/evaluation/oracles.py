"""The frame of every table: the mixture as estimate, and what masks on a known STFT could reach.

    IBM     each bin goes to its loudest source (Wang, "On ideal binary mask", 2005)
    IRM1    masks |S_j| / Σ_k |S_k|          (Liutkus & Badeau, "Generalized Wiener filtering with
    IRM2    masks |S_j|² / Σ_k |S_k|²         fractional power spectrograms", ICASSP 2015)
    MWF     multichannel Wiener filter with the true powers and covariances; see dsp/wiener.py

as in SiSEC 2018 (Stöter, Liutkus & Ito, LVA/ICA 2018), but with the STFT of the model that they
are compared with. The estimates of an oracle add up to the mixture.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vocalsep.audio.spill import room
from vocalsep.dsp.stft import STFT
from vocalsep.dsp.wiener import posterior
from vocalsep.evaluation.signals import Audio, Samples, Signal

ORACLES = ("IBM", "IRM1", "IRM2", "MWF")
_CHUNK_FRAMES = 1024  # a long song is worked on in pieces of as many frames


class Oracle:
    """Estimates with the help of the truth.

    Args:
        kind: one of ORACLES.
        stft: what the masks live on.
    """

    def __init__(self, kind: str, stft: STFT) -> None:
        self.kind = kind
        self._stft = stft

    @torch.inference_mode()
    def estimate(self, sources: Signal, mixture: Signal) -> Audio:
        """Estimates of true sources (S, C, N) of a mixture (C, N): (S, C, N).

        Pieces overlap by n_fft on either side, so they are what the whole would give.
        """
        hop, margin = self._stft.hop_length, -(-self._stft.n_fft // self._stft.hop_length)
        covariances = self._covariances(sources) if self.kind == "MWF" else None
        found = room(sources.shape)
        for start in range(0, mixture.shape[-1], _CHUNK_FRAMES * hop):
            first = max(0, start - margin * hop)
            wide = slice(first, start + (_CHUNK_FRAMES + margin) * hop)
            true, heard = (_tensor(x[..., wide]) for x in (sources, mixture))
            spectra, mixed = self._stft.analyse(true), self._stft.analyse(heard.unsqueeze(0))[0]
            refined = self._separate(spectra, mixed, covariances)
            piece = self._stft.synthesise(refined, true.shape[-1])[..., start - first :]
            inner = slice(start, start + _CHUNK_FRAMES * hop)
            found[..., inner] = piece[..., : _CHUNK_FRAMES * hop].numpy()
        return found

    def _separate(self, spectra: Tensor, mixture: Tensor, covariances: Tensor | None) -> Tensor:
        """(S, C, F, T) true spectra, (C, F, T) mixture -> (S, C, F, T) complex64."""
        if covariances is not None:
            powers = spectra.abs().square().mean(1).double()
            return posterior(mixture.to(torch.complex128), powers, covariances).to(torch.complex64)
        magnitudes = spectra.abs()
        if self.kind == "IBM":
            loudest = magnitudes.argmax(0, keepdim=True)
            return torch.zeros_like(magnitudes).scatter_(0, loudest, 1.0) * mixture
        powers = magnitudes ** (2 if self.kind == "IRM2" else 1)
        total = powers.sum(0)
        # Where nothing is there, everybody gets the same share of nothing.
        masks = torch.where(total > 0, powers / total, torch.tensor(1 / len(powers)))
        return masks * mixture

    def _covariances(self, sources: Signal) -> Tensor:
        """(S, F, C, C) of the whole song, summed up piece by piece."""
        n_sources, n_channels, n_samples = sources.shape
        shape = (n_sources, self._stft.n_bins, n_channels, n_channels)
        total = torch.zeros(shape, dtype=torch.complex128)
        for start in range(0, n_samples, _CHUNK_FRAMES * self._stft.hop_length):
            piece = sources[..., start : start + _CHUNK_FRAMES * self._stft.hop_length]
            spectra = self._stft.analyse(_tensor(piece)).to(torch.complex128)
            by_bin = spectra.permute(0, 2, 1, 3)  # (S, F, C, T)
            total += by_bin @ by_bin.mH
        mean_power = torch.diagonal(total, dim1=-2, dim2=-1).real.mean(-1)  # (S, F)
        return total / mean_power[..., None, None].clamp_min(1e-30)


def _tensor(samples: Samples) -> Tensor:
    return torch.from_numpy(np.array(samples, np.float32))
