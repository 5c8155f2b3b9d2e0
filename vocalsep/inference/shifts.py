"""Average estimates over fixed time shifts.

A mask network does not give quite the same answer when the STFT frames and its own
down-sampling grid fall elsewhere on the music. The mean over a few positions is a little better
than each of them. The shifts are fixed, so the result is the same on every run.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional

Estimate = Callable[[Tensor], Tensor]


def shift_offsets(n_shifts: int, n_fft: int, hop_length: int) -> list[int]:
    """Offsets (samples) that differ both in whole frames and in the phase within a hop.

    >>> shift_offsets(2, n_fft=4096, hop_length=1024)
    [0, 4608]
    """
    return [k * (n_fft + hop_length // n_shifts) for k in range(n_shifts)]


def mean_over_shifts(estimate: Estimate, mixture: Tensor, offsets: list[int]) -> Tensor:
    """Estimate (B, C, L) -> (B, S, C, L') once per offset, move back, average.

    The estimate may drop margins of its input, as long as they are equal at both ends.
    """
    if offsets == [0]:
        return estimate(mixture)
    room = max(offsets)
    total: Tensor | None = None
    for offset in offsets:
        moved = functional.pad(mixture, (offset, room - offset))
        estimates = estimate(moved)
        back = estimates[..., offset : estimates.shape[-1] - (room - offset)]
        total = back if total is None else total + back
    assert total is not None
    return total / len(offsets)
