"""From mixture blocks to blocks of estimates: one chain of generators that pulls what it needs.

    source blocks ─┬──────────────── FIFO ─────────────────┬→ (mixture, estimates)
                   └→ groups → model rate → chunks         │
                        → network → overlap-add            │
                        → source rate → channels ──────────┘   (→ Wiener filter, see refine.py)

A source block waits in the FIFO until its estimates are known. The chain pulls a block only when
the network needs one, so the FIFO never holds more than the latency and memory stays constant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt
import torch

from vocalsep.audio.channels import ChannelGroups
from vocalsep.audio.resample import resample_blocks
from vocalsep.dsp.overlap import ChunkGeometry, chunks, overlap_add, with_margins
from vocalsep.dsp.speeds import mean_over_speeds
from vocalsep.inference.engine import Engine
from vocalsep.inference.fifo import BlockFifo
from vocalsep.inference.quality import Quality
from vocalsep.inference.refine import Refiner
from vocalsep.types import Block

Float32Array = npt.NDArray[np.float32]

# soxr's best filter looks this far ahead, at either of the two rates, with room to spare.
_RESAMPLER_LATENCY_S = 0.1


@dataclass(frozen=True)
class SourceFormat:
    """What the chain has to know of its source."""

    sample_rate: int  # Hz
    groups: ChannelGroups


class EstimateStream:
    """Estimates all stems but the residual, block by block, in the mixture's own format.

    Args:
        wiener: iterations of the multichannel Wiener filter on the estimates; 0 leaves it out.

    Attributes:
        geometry: how the stream is cut for the network.
        batch_chunks: how many chunks are collected before the network runs: more is faster,
            fewer give the first samples earlier.
    """

    def __init__(
        self, engine: Engine, quality: Quality, batch_chunks: int | None = None, wiener: int = 0
    ) -> None:
        network = engine.separator
        self.geometry = ChunkGeometry.from_overlap(
            network.chunk_samples, quality.overlap, network.margin_samples
        )
        self.batch_chunks = batch_chunks or engine.batch_size
        self._engine = engine
        self._speeds = quality.speeds
        self._refiner = Refiner(network.n_fft, network.hop_length, wiener) if wiener else None

    @property
    def latency_s(self) -> float:
        """A sample is out at the latest when so much further audio has come in."""
        waiting = (self.batch_chunks - 1) * self.geometry.hop_samples
        n_samples = waiting + self.geometry.latency_samples
        refining_s = self._refiner.latency_s if self._refiner else 0.0
        model_s = n_samples / self._engine.separator.sample_rate
        return model_s + _RESAMPLER_LATENCY_S + refining_s

    def pairs(
        self, blocks: Iterable[Block], source: SourceFormat
    ) -> Iterator[tuple[Block, Float32Array]]:
        """Yield (mixture (C, n), estimates (S − 1, C, n)), together as long as the source.

        Args:
            blocks: (C, n) at `source.sample_rate`; they come out unchanged as the mixtures.
            source: rate and channel groups of the blocks.
        """
        pairs = self._pairs(blocks, source)
        if self._refiner is not None:
            pairs = self._refiner.pairs(pairs, source.sample_rate, source.groups)
        yield from pairs

    def _pairs(
        self, blocks: Iterable[Block], source: SourceFormat
    ) -> Iterator[tuple[Block, Float32Array]]:
        """The same, as the network leaves them."""
        fifo = BlockFifo()
        for estimates in self._estimates(fifo.tee(blocks), source):
            n_samples = min(estimates.shape[-1], fifo.n_samples)
            if n_samples:
                yield fifo.take(n_samples), estimates[..., :n_samples]
        # There and back between two rates may round the length down by a sample or two.
        if fifo.n_samples:
            rest = fifo.take(fifo.n_samples)
            yield rest, np.zeros((self._n_estimates, *rest.shape), np.float32)

    @property
    def _n_estimates(self) -> int:
        return len(self._engine.separator.rule.chosen)

    def _estimates(self, blocks: Iterable[Block], source: SourceFormat) -> Iterator[Float32Array]:
        """(C, n) at the source rate -> (S − 1, C, m) at the source rate."""
        model_rate = self._engine.separator.sample_rate
        n_groups = len(source.groups.groups)
        grouped = (
            source.groups.split(block.astype(np.float32, copy=False)).reshape(2 * n_groups, -1)
            for block in blocks
        )
        mixture = (
            block.reshape(n_groups, 2, -1)
            for block in resample_blocks(grouped, source.sample_rate, model_rate)
        )
        parts = self._chunk_estimates(
            chunks(with_margins(mixture, self.geometry.margin_samples), self.geometry)
        )
        flat = (
            block.reshape(self._n_estimates * n_groups * 2, -1)
            for block in overlap_add(parts, self.geometry)
        )
        for block in resample_blocks(flat, model_rate, source.sample_rate):
            stereo = block.reshape(self._n_estimates, n_groups, 2, -1)
            merged = np.stack([source.groups.merge(estimate) for estimate in stereo])
            yield merged.astype(np.float32, copy=False)

    def _chunk_estimates(self, parts: Iterator[Float32Array]) -> Iterator[Float32Array]:
        """Chunks (G, 2, L) -> estimates of their inner parts (S − 1, G, 2, L − 2·margins).

        The last chunk may be shorter, and goes alone. It is not padded: networks hear levels
        relative to the chunk.
        """
        while batch := list(islice(parts, self.batch_chunks)):
            whole = [chunk for chunk in batch if chunk.shape[-1] == self.geometry.chunk_samples]
            for together in (whole, batch[len(whole) :]):
                if together:
                    yield from self._estimate(np.stack(together))

    def _estimate(self, batch: Float32Array) -> Float32Array:
        """(B, G, 2, L) -> (B, S − 1, G, 2, L − 2·margins)."""
        n_chunks, n_groups = batch.shape[:2]
        tensor = torch.from_numpy(batch.reshape(-1, *batch.shape[2:]))  # (B·G, 2, L)
        margin = self.geometry.margin_samples
        targets = mean_over_speeds(self._engine.estimate, tensor, self._speeds, margin)
        estimates = targets[:, self._engine.separator.rule.chosen].numpy()
        by_chunk = estimates.reshape(n_chunks, n_groups, *estimates.shape[1:]).swapaxes(1, 2)
        return np.asarray(by_chunk, np.float32)
