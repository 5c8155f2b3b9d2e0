"""Sample-rate conversion of a stream of blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain

import numpy as np
import soxr

from vocalsep.types import Block


def resample_blocks(blocks: Iterable[Block], source_rate: int, target_rate: int) -> Iterator[Block]:
    """Convert (C, n) blocks from `source_rate` to `target_rate` (Hz).

    Output sample k lies at the time of input sample k·source_rate/target_rate: there is no delay.
    n input samples give round(n·target_rate/source_rate) output samples, and the result does not
    depend on how they were cut into blocks. Equal rates pass through untouched.

    Yields:
        (C, m) blocks of the input's dtype, m ≥ 1.
    """
    if source_rate == target_rate:
        yield from blocks
        return
    blocks = iter(blocks)
    first = next(blocks, None)
    if first is None:
        return
    n_channels, dtype = first.shape[0], first.dtype
    stream = soxr.ResampleStream(source_rate, target_rate, n_channels, dtype, quality="VHQ")
    n_in = n_out = 0
    for block in chain([first], blocks):
        n_in += block.shape[1]
        done = stream.resample_chunk(np.ascontiguousarray(block.T))  # (m, C)
        n_out += len(done)
        if len(done):
            yield np.ascontiguousarray(done.T)
    total = round(Fraction(n_in * target_rate, source_rate))
    # soxr rounds its own total in floating point, sometimes down: silence after the end, which
    # it assumes there anyway, makes sure that there is enough to cut from.
    silence = np.zeros((source_rate // target_rate + 2, n_channels), dtype)
    rest = stream.resample_chunk(silence, last=True)[: total - n_out]  # (m, C)
    if len(rest):
        yield np.ascontiguousarray(rest.T)
