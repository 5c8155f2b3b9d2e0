"""Short-time Fourier transform with an exact round trip for any length.

The window is the periodic Hann; frames are centred, so frame t sits at sample t·hop_length and
T = 1 + ceil(N / hop_length): the last frame is centred at or after the last sample, so every sample
lies between two frames. The borders are padded with zeros: reflection would demand N > n_fft / 2.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class STFT(nn.Module):
    """Analysis and synthesis that invert each other: synthesise(analyse(x), N) = x to 1e-6.

    Args:
        n_fft: window and FFT length in samples; F = n_fft // 2 + 1.
        hop_length: samples between frames, at most 3/4 of n_fft. Above half of n_fft the squared
            windows no longer add up to much where frames meet (0.5 at half, 0.04 at 3/4 of
            n_fft), and whatever a mask changes is divided by that.
    """

    window: Tensor

    def __init__(self, n_fft: int, hop_length: int) -> None:
        super().__init__()
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)

    @property
    def n_bins(self) -> int:
        """F, the number of frequency bins from 0 Hz to half the sample rate."""
        return self.n_fft // 2 + 1

    def n_frames(self, n_samples: int) -> int:
        """T for a signal of n_samples."""
        return 1 + -(-n_samples // self.hop_length)

    def analyse(self, signal: Tensor) -> Tensor:
        """Complex spectrum of a real signal, (B, C, N) float32 -> (B, C, F, T) complex64."""
        batch, channels, n_samples = signal.shape
        flat = functional.pad(signal, (0, -n_samples % self.hop_length)).flatten(0, 1)
        spectrum = torch.stft(
            flat,
            self.n_fft,
            self.hop_length,
            window=self.window,
            center=True,
            pad_mode="constant",
            return_complex=True,
        )  # (B·C, F, T)
        return spectrum.reshape(batch, channels, self.n_bins, -1)

    def synthesise(self, spectrum: Tensor, n_samples: int) -> Tensor:
        """Real signal of a spectrum, (B, C, F, T) complex64 -> (B, C, N) float32.

        `n_samples` is explicit: without it the inverse loses up to hop_length − 1 samples.
        """
        batch, channels, n_bins, n_frames = spectrum.shape
        signal = torch.istft(
            spectrum.reshape(batch * channels, n_bins, n_frames),
            self.n_fft,
            self.hop_length,
            window=self.window,
            center=True,
            length=n_samples,
        )  # (B·C, N)
        return signal.reshape(batch, channels, n_samples)
