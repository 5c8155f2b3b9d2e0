"""Sample-rate conversion of a stream of blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import soxr

from vocalsep.types import Block


def resample_blocks(blocks: Iterable[Block], source_rate: int, target_rate: int) -> Iterator[Block]:
    """Convert (C, n) blocks from `source_rate` to `target_rate` (Hz).

    Output sample k lies at the time of input sample k·source_rate/target_rate: there is no delay.
    n input samples give round(n·target_rate/source_rate) output samples (half rounds up), and the
    result does not depend on how they were cut into blocks. Equal rates pass through untouched.

    Yields:
        (C, m) blocks of the input's dtype, m ≥ 1.
    """
    if source_rate == target_rate:
        yield from blocks
        return
    stream: soxr.ResampleStream | None = None
    n_in = n_out = 0
    like: Block | None = None
    for block in blocks:
        if stream is None:
            like = block[:, :0]
            stream = soxr.ResampleStream(
                source_rate, target_rate, block.shape[0], dtype=block.dtype, quality="VHQ"
            )
        n_in += block.shape[1]
        done = stream.resample_chunk(np.ascontiguousarray(block.T))  # (m, C)
        n_out += len(done)
        if len(done):
            yield np.ascontiguousarray(done.T)
    if stream is None or like is None:
        return
    total = (2 * n_in * target_rate + source_rate) // (2 * source_rate)
    rest = stream.resample_chunk(np.ascontiguousarray(like.T), last=True)  # (m, C)
    if total > n_out:
        yield np.ascontiguousarray(rest[: total - n_out].T)
