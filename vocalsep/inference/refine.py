"""The multichannel Wiener filter behind the network, as a stream.

    (mixture, estimates) ─┬── mixture ────────── FIFO ──────────────┬→ (mixture, estimates)
                          └→ mixture, all stems → Wiener filter ────┘

The filter needs all stems, so the residual is added for it and dropped behind it: whoever writes
the stems takes it again as what is left of the mixture, and the files add up exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from vocalsep.audio.channels import ChannelGroups
from vocalsep.dsp.stft import STFT
from vocalsep.dsp.wiener import CHUNK_S, WienerFilter
from vocalsep.inference.fifo import BlockFifo
from vocalsep.types import Block

Float32Array = npt.NDArray[np.float32]
Pair = tuple[Block, Float32Array]


class Refiner:
    """Sharpens estimates by the mixture, in constant memory; see dsp/wiener.py.

    Args:
        n_fft, hop_length: of the model, samples.
        n_iterations: of expectation maximisation, at least 1.
    """

    #: A sample is out at the latest when so much further audio has come in.
    latency_s = CHUNK_S

    def __init__(self, n_fft: int, hop_length: int, n_iterations: int) -> None:
        self._stft = STFT(n_fft, hop_length)
        self._n_iterations = n_iterations

    def pairs(
        self, pairs: Iterable[Pair], sample_rate: int, groups: ChannelGroups
    ) -> Iterator[Pair]:
        """Refine (mixture (C, n), estimates (S − 1, C, n)): together as long as they came.

        Args:
            pairs: estimates of all stems but the residual, which is what they leave.
            sample_rate: Hz.
            groups: channels that are refined together; those in none are left as they are.
        """
        wiener = WienerFilter(
            self._stft, self._n_iterations, round(CHUNK_S * sample_rate), groups.groups
        )
        fifo = BlockFifo()
        for refined in wiener.stream(_stacked(pairs, fifo)):
            yield fifo.take(refined.shape[-1]), refined[:-1]


def _stacked(pairs: Iterable[Pair], fifo: BlockFifo) -> Iterator[Float32Array]:
    """(1 + S, C, n): mixture, estimates, residual; the mixtures wait in the FIFO meanwhile."""
    for mixture, estimates in pairs:
        fifo.put(mixture)
        residual = mixture - estimates.sum(0)
        yield np.concatenate([mixture[None], estimates, residual[None]], dtype=np.float32)
