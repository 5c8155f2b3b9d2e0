"""The spectral front end of a recipe: the STFT, cut to the bins that a model works on."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from vocalsep.dsp.stft import STFT


class FrontEnd(nn.Module):
    """Between waveforms of any number of sources and the lowest bins of their spectra.

    Args:
        n_fft: window and FFT length in samples; F = n_fft // 2 + 1.
        hop_length: samples between frames.
        n_bins: F', the lowest bins that are kept, at most F.
    """

    def __init__(self, n_fft: int, hop_length: int, n_bins: int) -> None:
        super().__init__()
        self.stft = STFT(n_fft, hop_length)
        self.n_bins = n_bins

    def spectra(self, waveforms: Tensor) -> Tensor:
        """(B, S, C, N) float32 -> (B, S, C, F', T) complex64."""
        spectra = self.stft.analyse(waveforms.flatten(0, 1))[..., : self.n_bins, :]
        return spectra.reshape(*waveforms.shape[:2], *spectra.shape[1:])

    def waveforms(self, spectra: Tensor, n_samples: int) -> Tensor:
        """(B, S, C, F', T) complex64 -> (B, S, C, N) float32, silent above the lowest bins."""
        missing_bins = self.stft.n_bins - spectra.shape[-2]
        whole = functional.pad(spectra.flatten(0, 1), (0, 0, 0, missing_bins))  # (B·S, C, F, T)
        flat = self.stft.synthesise(whole, n_samples)  # (B·S, C, N)
        return flat.reshape(*spectra.shape[:2], *flat.shape[1:])
