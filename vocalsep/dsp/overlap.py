"""Cut a stream into overlapping chunks and cross-fade the results back into one stream.

    input     ────────────────────────────────────────────→ time
    chunk 0   [────── L ──────]
    chunk 1          [────── L ──────]          hop = distance between chunk starts
    chunk 2                 [────── L ····0]    the last one is padded with zeros

Every chunk is weighted by the same triangle, summed, and divided by the summed weights:

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


@dataclass(frozen=True)
class ChunkGeometry:
    """How a stream is cut: chunks of `chunk_samples`, one every `hop_samples`.

    Raises:
        ValueError: not 1 ≤ hop_samples ≤ chunk_samples.
    """

    chunk_samples: int
    hop_samples: int

    def __post_init__(self) -> None:
        if not 1 <= self.hop_samples <= self.chunk_samples:
            raise ValueError(f"expected 1 ≤ hop ≤ chunk, got {self}")

    @classmethod
    def from_overlap(cls, chunk_samples: int, overlap: float) -> ChunkGeometry:
        """Neighbouring chunks share the fraction `overlap` (0 ≤ overlap < 1) of their length.

        >>> ChunkGeometry.from_overlap(1000, 0.25)
        ChunkGeometry(chunk_samples=1000, hop_samples=750)
        """
        return cls(chunk_samples, max(1, round(chunk_samples * (1.0 - overlap))))

    @property
    def latency_samples(self) -> int:
        """A sample is out at the latest when this many further samples have come in."""
        return self.chunk_samples

    def window(self) -> npt.NDArray[np.float64]:
        """(L,) the triangle 1, 2, 3 … 3, 2, 1: strictly positive, exact in any float."""
        rising = np.arange(1, self.chunk_samples + 1, dtype=np.float64)
        return np.minimum(rising, rising[::-1])


@dataclass(frozen=True)
class Chunk:
    """A fixed-length piece; `samples` is (..., L), zero after the first `n_valid` samples."""

    samples: npt.NDArray[np.floating]
    n_valid: int


def chunks(blocks: Iterable[npt.NDArray[np.floating]], geometry: ChunkGeometry) -> Iterator[Chunk]:
    """Cut blocks (..., n) of arbitrary lengths into chunks (..., L).

    The chunks depend on the samples only, not on how they were cut into blocks. There are just
    as many as it takes to cover every sample; an empty stream has none.
    """
    buffer = _Buffer()
    for block in blocks:
        buffer.append(block)
        while buffer.n_samples > geometry.chunk_samples:
            yield Chunk(buffer.head(geometry.chunk_samples), geometry.chunk_samples)
            buffer.drop(geometry.hop_samples)
    # At most L samples are left, and at least one of them is new: one last chunk covers them.
    if buffer.n_samples > 0:
        rest = buffer.head(buffer.n_samples)
        n_missing = geometry.chunk_samples - buffer.n_samples
        padding = [(0, 0)] * (rest.ndim - 1) + [(0, n_missing)]
        yield Chunk(np.pad(rest, padding), buffer.n_samples)


class _Buffer:
    """Samples that wait to be cut; joined only when a chunk is taken."""

    def __init__(self) -> None:
        self._parts: list[npt.NDArray[np.floating]] = []
        self.n_samples = 0

    def append(self, block: npt.NDArray[np.floating]) -> None:
        if block.shape[-1]:
            self._parts.append(block)
            self.n_samples += block.shape[-1]

    def head(self, n_samples: int) -> npt.NDArray[np.floating]:
        """(..., n_samples) a copy of the oldest samples."""
        joined = np.concatenate(self._parts, axis=-1)
        self._parts = [joined]
        head: npt.NDArray[np.floating] = joined[..., :n_samples].copy()
        return head

    def drop(self, n_samples: int) -> None:
        self._parts = [self._parts[0][..., n_samples:]]
        self.n_samples -= n_samples


def overlap_add(
    parts: Iterable[Chunk], geometry: ChunkGeometry
) -> Iterator[npt.NDArray[np.float32]]:
    """Cross-fade processed chunks (..., L) back into one stream.

    Args:
        parts: the chunks of `chunks`, in order, their samples replaced by the estimates.
        geometry: the one they were cut with.

    Yields:
        (..., n) float32 blocks, n ≤ hop; their lengths add up to the length of the stream.
    """
    window = geometry.window()
    hop = geometry.hop_samples
    total: npt.NDArray[np.float64] | None = None  # (..., L) weighted sum
    weight = np.zeros(geometry.chunk_samples)
    n_waiting = 0  # samples of the newest part that no later part has finished yet
    for part in parts:
        if total is None:
            total = np.zeros(part.samples.shape)
        total += window * part.samples
        weight += window
        n_ready = min(hop, part.n_valid)
        yield (total[..., :n_ready] / weight[:n_ready]).astype(np.float32)
        _shift_left(total, hop)
        _shift_left(weight, hop)
        n_waiting = part.n_valid - n_ready
    if total is not None and n_waiting:
        yield (total[..., :n_waiting] / weight[:n_waiting]).astype(np.float32)


def _shift_left(array: npt.NDArray[np.float64], n_samples: int) -> None:
    """Move (..., L) by `n_samples` towards the past, in place; zeros follow."""
    kept = array.shape[-1] - n_samples
    array[..., :kept] = array[..., n_samples:].copy()
    array[..., kept:] = 0.0
