"""The section `audio`: the front end."""

from __future__ import annotations

from dataclasses import dataclass

from vocalsep.recipe.part import check

MAX_N_FFT = 2**16  # samples


@dataclass(frozen=True)
class Audio:
    """The front end: what the network hears."""

    sample_rate: int = 44100  # Hz
    n_channels: int = 2  # heard together; 1: every channel is separated on its own
    n_fft: int = 4096  # samples
    hop_length: int = 1024  # samples between frames; above half of n_fft, errors are louder
    n_bins: int = 1536  # lowest bins given to the network; the rest stays in the residual

    def __post_init__(self) -> None:
        # The bounds also keep a model file from a stranger from asking for absurd memory.
        rate, n_fft, half = self.sample_rate, self.n_fft, self.n_fft // 2
        check("audio.sample_rate", rate, 1000 <= rate <= 768_000, "1000 to 768000 Hz")
        check("audio.n_channels", self.n_channels, self.n_channels in (1, 2), "1 or 2")
        check("audio.n_fft", n_fft, 2 <= n_fft <= MAX_N_FFT, f"2 to {MAX_N_FFT}")
        bins_fit = 0 < self.n_bins <= half + 1
        check("audio.n_bins", self.n_bins, bins_fit, f"1 to {half + 1} (n_fft // 2 + 1)")
        # At 3/4 of the window (Jansson et al., ISMIR 2017) the frames' squared windows add up to
        # 0.04 where they meet, and errors of a mask are heard there; beyond, soon to nothing.
        most = 3 * n_fft // 4
        fits = 0 < self.hop_length <= most
        expected = f"1 to {most} (3/4 of n_fft), better half of n_fft or less"
        check("audio.hop_length", self.hop_length, fits, expected)
