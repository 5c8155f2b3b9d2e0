"""Sources as waveforms, as spectra, or both: each is computed of the other when asked for.

A loss on waveforms and a loss on magnitudes then take the same thing, and nothing is transformed
twice or for nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from torch import Tensor

from vocalsep.dsp.front_end import FrontEnd


class Signals:
    """Several sources of a batch of examples.

    Gradients flow through every view. Above the lowest bins the two views may differ: spectra
    leave out what a low-band model never hears.

    Args:
        waveforms: gives (B, S, C, N) float32; called once, when the waveforms are asked for.
        spectra: gives (B, S, C, F', T) complex64, likewise.

    >>> import torch
    >>> noise = torch.randn(1, 2, 1, 600)
    >>> sources = Signals.from_waveforms(noise, FrontEnd(n_fft=64, hop_length=16, n_bins=33))
    >>> sources.magnitudes.shape
    torch.Size([1, 2, 1, 33, 39])
    """

    def __init__(self, waveforms: Callable[[], Tensor], spectra: Callable[[], Tensor]) -> None:
        self._waveforms = waveforms
        self._spectra = spectra

    @classmethod
    def from_waveforms(cls, waveforms: Tensor, front_end: FrontEnd) -> Signals:
        """Of (B, S, C, N) float32."""
        return cls(lambda: waveforms, lambda: front_end.spectra(waveforms))

    @classmethod
    def from_spectra(cls, spectra: Tensor, front_end: FrontEnd, n_samples: int) -> Signals:
        """Of (B, S, C, F', T) complex64; the waveforms are N = n_samples long."""
        return cls(lambda: front_end.waveforms(spectra, n_samples), lambda: spectra)

    @cached_property
    def waveforms(self) -> Tensor:
        """(B, S, C, N) float32, full scale ±1."""
        return self._waveforms()

    @cached_property
    def spectra(self) -> Tensor:
        """(B, S, C, F', T) complex64 of the recipe's front end."""
        return self._spectra()

    @cached_property
    def magnitudes(self) -> Tensor:
        """(B, S, C, F', T) float32 ≥ 0, linear."""
        return self.spectra.abs()

    def map(self, function: Callable[[Tensor], Tensor]) -> Signals:
        """`function` of either view, (B, S, C, …) -> (B', S', C', …)."""
        return Signals(lambda: function(self.waveforms), lambda: function(self.spectra))
