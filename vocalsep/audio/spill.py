"""Signals that may be too large for memory: beyond a limit they lie in an unnamed file.

The file is mapped into memory, so it looks like any array, and the system keeps of it what there is
room for. It goes when the array goes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]

LARGE_BYTES = 2**28  # 12 minutes of stereo at 44.1 kHz


def room(shape: tuple[int, ...]) -> Float32:
    """(…) float32 to be filled."""
    if 4 * int(np.prod(shape)) <= LARGE_BYTES:
        return np.empty(shape, np.float32)
    with tempfile.TemporaryFile() as file:  # the mapping keeps it
        return np.memmap(file, np.float32, "w+", shape=shape)


def gathered(blocks: Iterable[npt.NDArray[np.floating]]) -> Float32:
    """Blocks (…, n), at least one, joined to (…, N) float32.

    >>> gathered([np.ones((2, 3)), np.zeros((2, 1))]).shape
    (2, 4)
    """
    kept: list[Float32] = []
    n_bytes = 0
    iterator = iter(blocks)
    for block in iterator:
        kept.append(np.asarray(block, np.float32))
        n_bytes += kept[-1].nbytes
        if n_bytes > LARGE_BYTES:
            break
    else:
        return np.concatenate(kept, axis=-1)
    size = kept[0].shape[:-1]
    with tempfile.TemporaryFile() as file:
        for part in kept:
            file.write(_by_sample(part).tobytes())
        kept.clear()
        for block in iterator:
            file.write(_by_sample(np.asarray(block, np.float32)).tobytes())
        file.flush()
        flat = np.memmap(file, np.float32, "r+")
    return np.moveaxis(flat.reshape(-1, *size), 0, -1)


def _by_sample(block: Float32) -> Float32:
    """(…, n) -> (n, …): blocks behind each other are then the samples behind each other."""
    return np.moveaxis(block, -1, 0)
