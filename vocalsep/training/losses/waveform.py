"""Losses on waveforms. These have no bins, so everything counts, whatever a source's band."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from vocalsep.dsp.signals import Signals
from vocalsep.dsp.stft import STFT
from vocalsep.training.losses.base import LOSSES, StemWeighted

EPSILON = 1e-8  # energy added to both sides of a ratio


@LOSSES.register("waveform_l1")
class WaveformL1(StemWeighted):
    """Mean absolute difference of samples, over stems, channels and time (full scale is 1)."""

    def total(self, estimate: Signals, truth: Signals, valid: Tensor | None) -> Tensor:
        error = (estimate.waveforms - truth.waveforms).abs()  # (B, S, C, N)
        return (error * self.weights_of(error)).sum().reshape(1)

    def weight(self, truth: Signals, valid: Tensor | None) -> Tensor:
        return count(truth.waveforms)


@LOSSES.register("waveform_l2")
class WaveformL2(StemWeighted):
    """Mean squared difference of samples (Wave-U-Net: Stoller et al., ISMIR 2018)."""

    def total(self, estimate: Signals, truth: Signals, valid: Tensor | None) -> Tensor:
        error = (estimate.waveforms - truth.waveforms).square()  # (B, S, C, N)
        return (error * self.weights_of(error)).sum().reshape(1)

    def weight(self, truth: Signals, valid: Tensor | None) -> Tensor:
        return count(truth.waveforms)


@LOSSES.register("sdr")
class NegativeSDR(StemWeighted):
    """Minus the signal-to-distortion ratio in dB: the mean over examples and stems.

    10·log10(Σ(ŝ − αs)² / Σ(αs)²), sums over channels and time. A stem that is silent has no
    ratio and does not count: add another loss (weighted_sum) where silence must be learnt.

    The gradient grows without bound as the error vanishes, so an example that is all but solved (a
    voice alone, music alone) would drown the others of its batch. `max_db` prevents that: what the
    ratio is measured against is the error plus the energy at that level (Wisdom et al.,
    "Unsupervised Sound Separation Using Mixture Invariant Training", NeurIPS 2020: 30 dB).

    Args:
        scale_invariant: α = ⟨ŝ, s⟩ / ⟨s, s⟩, so the level is free (SI-SDR: Le Roux et al., "SDR –
            half-baked or well done?", ICASSP 2019); else α = 1.
        max_db: the ratio that counts as perfect; None: no bound.
        residual_weight: of the last stem, where `stem_weights` is empty.
        stem_weights: of every stem, the residual last.
    """

    def __init__(
        self,
        scale_invariant: bool = False,
        max_db: float | None = None,
        residual_weight: float = 1.0,
        stem_weights: tuple[float, ...] = (),
    ) -> None:
        super().__init__(residual_weight, stem_weights)
        self.scale_invariant = scale_invariant
        self.floor = 0.0 if max_db is None else 10 ** (-max_db / 10)

    def total(self, estimate: Signals, truth: Signals, valid: Tensor | None) -> Tensor:
        heard, meant = estimate.waveforms.flatten(2), truth.waveforms.flatten(2)  # (B, S, C·N)
        sounding = is_sounding(meant)  # (B, S)
        if self.scale_invariant:
            share = (heard * meant).sum(-1, keepdim=True)
            meant = meant * share / meant.square().sum(-1, keepdim=True).clamp_min(EPSILON)
        energy = meant.square().sum(-1)
        error = (heard - meant).square().sum(-1) + self.floor * energy + EPSILON
        ratio = 10 * torch.log10(error / (energy + EPSILON))  # (B, S)
        return (ratio * self.weights_of(ratio) * sounding).sum().reshape(1)

    def weight(self, truth: Signals, valid: Tensor | None) -> Tensor:
        sounding = is_sounding(truth.waveforms.flatten(2)).to(truth.waveforms.dtype)
        return (sounding * self.weights_of(sounding)).sum().reshape(1)


@LOSSES.register("multi_resolution_stft")
class MultiResolutionSTFT(StemWeighted):
    """Differences of magnitudes at several time-frequency resolutions.

    For each: Σ||Ŝ| − |S|| / Σ|X|, and the mean |ln|Ŝ| − ln|S||; the mean over the resolutions.
    After Yamamoto, Song, Kim, "Parallel WaveGAN", ICASSP 2020, whose first term is a ratio of
    2-norms; this one is a ratio of sums, so that it does not depend on how a batch is cut up.

    Args:
        n_ffts: window lengths in samples; hops are a quarter.
        log_weight: of the logarithmic term.
        floor: magnitudes below are as good as none (a full-scale sine has n_fft / 4).
        residual_weight: of the last stem, where `stem_weights` is empty.
        stem_weights: of every stem, the residual last.
    """

    def __init__(
        self,
        n_ffts: Sequence[int] = (512, 1024, 2048),
        log_weight: float = 0.1,
        floor: float = 1e-2,
        residual_weight: float = 1.0,
        stem_weights: tuple[float, ...] = (),
    ) -> None:
        super().__init__(residual_weight, stem_weights)
        if not n_ffts or min(n_ffts) < 4 or floor <= 0:
            raise ValueError(
                f"n_ffts={list(n_ffts)}, floor={floor}: expected window lengths of 4 samples or "
                f"more and a floor above 0"
            )
        self.stfts = [STFT(n_fft, n_fft // 4) for n_fft in n_ffts]
        self.log_weight = log_weight
        self.floor = floor

    def total(self, estimate: Signals, truth: Signals, valid: Tensor | None) -> Tensor:
        terms = []
        for stft in self.stfts:
            heard, meant = (magnitudes(stft, each.waveforms) for each in (estimate, truth))
            weights = self.weights_of(meant) / len(self.stfts)
            terms.append(((heard - meant).abs() * weights).sum())
            logs = (heard + self.floor).log() - (meant + self.floor).log()
            terms.append(self.log_weight * (logs.abs() * weights).sum())
        return torch.stack(terms)

    def weight(self, truth: Signals, valid: Tensor | None) -> Tensor:
        mixture = truth.waveforms.sum(1, keepdim=True)
        n_stems = truth.waveforms.shape[1]
        terms = []
        for stft in self.stfts:
            mixed = magnitudes(stft, mixture)
            terms += [mixed.sum(), mixed.new_tensor(float(mixed.numel() * n_stems))]
        return torch.stack(terms)


def magnitudes(stft: STFT, waveforms: Tensor) -> Tensor:
    """(B, S, C, N) -> (B, S, C, F, T), with a gradient that is finite at zero."""
    spectra = stft.to(waveforms.device).analyse(waveforms.flatten(0, 1))
    # The modulus has no gradient at zero; epsilon is far below any audible bin.
    modulus = torch.sqrt(spectra.real**2 + spectra.imag**2 + 1e-10)
    separate: Tensor = modulus.unflatten(0, waveforms.shape[:2])
    return separate


def is_sounding(flat: Tensor) -> Tensor:
    """(B, S, …) -> (B, S) bool: whether there is anything to hear (RMS above −80 dB)."""
    return flat.square().mean(-1) > 1e-8


def count(values: Tensor) -> Tensor:
    """The number of elements, (1,) like the values."""
    return values.new_tensor([float(values.numel())])
