"""Cut a stream into overlapping chunks and cross-fade the results back into one stream.

    input     ────────────────────────────────────────────→ time
    chunk 0   ‹m›[───── inner ─────]‹m›
    chunk 1              ‹m›[───── inner ─────]‹m›          hop = distance between chunk starts
    chunk 2                          ‹m›[─ inner ─]‹m›      the last one is shorter

What is known of a chunk is known of its inner part; the margins of m samples are the real signal
around it (silence beyond the ends of the stream) and only give context. Every inner part is
weighted by the same triangle, summed, and divided by the summed weights:

    y[n] = Σₖ w[n − k·hop] · partₖ[n − k·hop]  /  Σₖ w[n − k·hop]

so an estimator that returns its input returns the stream, for any length and overlap, and no
chunk needs special treatment for being first or last. Where two chunks meet, the triangle gives
a linear cross-fade. All weights are small integers ≥ 1 and all sums run in float64: the division
is always possible and its rounding is far below one float32 step.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.floating]


@dataclass(frozen=True)
class ChunkGeometry:
    """How a stream is cut: chunks of `chunk_samples`, one every `hop_samples`.

    Attributes:
        chunk_samples: length of a chunk with its margins.
        hop_samples: distance between the starts of neighbours.
        margin_samples: samples at each end of a chunk that only give context.

    Raises:
        ValueError: not 1 ≤ hop ≤ chunk − 2·margin, or a negative margin.
    """

    chunk_samples: int
    hop_samples: int
    margin_samples: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.hop_samples <= self.inner_samples <= self.chunk_samples:
            raise ValueError(f"expected 1 ≤ hop ≤ chunk − 2·margin, margin ≥ 0, got {self}")

    @classmethod
    def from_overlap(
        cls, chunk_samples: int, overlap: float, margin_samples: int = 0
    ) -> ChunkGeometry:
        """Inner parts of neighbours share the fraction `overlap` (0 ≤ overlap < 1) of their length.

        >>> ChunkGeometry.from_overlap(1000, 0.25)
        ChunkGeometry(chunk_samples=1000, hop_samples=750, margin_samples=0)
        """
        inner = chunk_samples - 2 * margin_samples
        return cls(chunk_samples, max(1, round(inner * (1.0 - overlap))), margin_samples)

    @property
    def inner_samples(self) -> int:
        """Length of a chunk between its margins."""
        return self.chunk_samples - 2 * self.margin_samples

    @property
    def latency_samples(self) -> int:
        """A sample is out at the latest when this many further samples have come in."""
        return self.chunk_samples - self.margin_samples

    def window(self) -> npt.NDArray[np.float64]:
        """(inner,) the triangle 1, 2, 3 … 3, 2, 1: strictly positive, exact in any float."""
        rising = np.arange(1, self.inner_samples + 1, dtype=np.float64)
        return np.minimum(rising, rising[::-1])


def with_margins(blocks: Iterable[Samples], n_samples: int) -> Iterator[Samples]:
    """The stream of blocks (..., n) with `n_samples` of silence before and after it."""
    silence: Samples | None = None
    for block in blocks:
        if silence is None:
            silence = np.zeros((*block.shape[:-1], n_samples), block.dtype)
            yield silence
        yield block
    if silence is not None:
        yield silence


def chunks(blocks: Iterable[Samples], geometry: ChunkGeometry) -> Iterator[Samples]:
    """Cut blocks (..., n) of arbitrary lengths into chunks (..., L); the last one may be shorter.

    The chunks depend on the samples only, not on how they were cut into blocks. There are just
    as many as it takes for their inner parts to cover every sample; nothing has no chunk.

    Args:
        blocks: the stream, its margins included; see `with_margins`.
        geometry: where to cut.
    """
    buffer = _Buffer()
    for block in blocks:
        buffer.append(block)
        while buffer.n_samples > geometry.chunk_samples:
            yield buffer.head(geometry.chunk_samples)
            buffer.drop(geometry.hop_samples)
    # At most L samples are left, and at least one inner one of them is new: one last chunk.
    if buffer.n_samples > 2 * geometry.margin_samples:
        yield buffer.head(buffer.n_samples)


class _Buffer:
    """Samples that wait to be cut; joined only when a chunk is taken."""

    def __init__(self) -> None:
        self._parts: list[Samples] = []
        self.n_samples = 0

    def append(self, block: Samples) -> None:
        if block.shape[-1]:
            self._parts.append(block)
            self.n_samples += block.shape[-1]

    def head(self, n_samples: int) -> Samples:
        """(..., n_samples) a copy of the oldest samples."""
        joined = np.concatenate(self._parts, axis=-1)
        self._parts = [joined]
        head: Samples = joined[..., :n_samples].copy()
        return head

    def drop(self, n_samples: int) -> None:
        self._parts = [self._parts[0][..., n_samples:]]
        self.n_samples -= n_samples


def overlap_add(
    parts: Iterable[Samples], geometry: ChunkGeometry
) -> Iterator[npt.NDArray[np.float32]]:
    """Cross-fade the inner parts of processed chunks back into one stream.

    Args:
        parts: (..., inner), one for each of `chunks`, in order; the last one may be shorter.
        geometry: the one they were cut with.

    Yields:
        (..., n) float32 blocks, n ≤ hop; their lengths add up to the length of the stream.
    """
    window = geometry.window()
    hop = geometry.hop_samples
    total: npt.NDArray[np.float64] | None = None  # (..., inner) weighted sum
    weight = np.zeros(geometry.inner_samples)
    n_waiting = 0  # samples of the newest part that no later part has finished yet
    for part in parts:
        if total is None:
            total = np.zeros((*part.shape[:-1], geometry.inner_samples))
        n_samples = part.shape[-1]
        total[..., :n_samples] += window[:n_samples] * part
        weight[:n_samples] += window[:n_samples]
        n_ready = min(hop, n_samples)
        yield (total[..., :n_ready] / weight[:n_ready]).astype(np.float32)
        _shift_left(total, hop)
        _shift_left(weight, hop)
        n_waiting = n_samples - n_ready
    if total is not None and n_waiting:
        yield (total[..., :n_waiting] / weight[:n_waiting]).astype(np.float32)


def _shift_left(array: npt.NDArray[np.float64], n_samples: int) -> None:
    """Move (..., n) by `n_samples` towards the past, in place; zeros follow."""
    kept = array.shape[-1] - n_samples
    array[..., :kept] = array[..., n_samples:].copy()
    array[..., kept:] = 0.0
