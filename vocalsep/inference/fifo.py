"""Where samples wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from vocalsep.types import Block


class BlockFifo:
    """Blocks (C, n) that go in with any lengths and come out with any others."""

    def __init__(self) -> None:
        self._blocks: deque[Block] = deque()
        self.n_samples = 0  # waiting

    def put(self, block: Block) -> None:
        """Keep a block."""
        if block.shape[-1]:
            self._blocks.append(block)
            self.n_samples += block.shape[-1]

    def tee(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """Pass the blocks on and keep each of them."""
        for block in blocks:
            if block.shape[-1]:
                self.put(block)
                yield block

    def take(self, n_samples: int) -> Block:
        """(C, n_samples) the oldest samples, 1 ≤ n_samples ≤ those that wait."""
        taken = []
        missing = n_samples
        while missing:
            block = self._blocks.popleft()
            taken.append(block[..., :missing])
            if block.shape[-1] > missing:
                self._blocks.appendleft(block[..., missing:])
            missing -= taken[-1].shape[-1]
        self.n_samples -= n_samples
        return np.concatenate(taken, axis=-1)
