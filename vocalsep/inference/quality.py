"""Named trade-offs between speed and quality: what `--quality` means, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from vocalsep.errors import VocalsepError
from vocalsep.registry import did_you_mean

#: "auto" is bfloat16 where the processor computes it natively, float32 elsewhere.
Precision: TypeAlias = Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True)
class Quality:
    """How much work goes into a song.

    Attributes:
        overlap: fraction of a chunk that its neighbour computes again, for the cross-fade.
        n_shifts: the estimate is the mean over this many fixed time shifts.
        precision: number format inside the network.
    """

    overlap: float
    n_shifts: int
    precision: Precision


QUALITIES = {
    "fast": Quality(overlap=0.04, n_shifts=1, precision="auto"),
    "normal": Quality(overlap=0.08, n_shifts=1, precision="auto"),
    "best": Quality(overlap=0.5, n_shifts=2, precision="float32"),
}


def find_quality(name: str) -> Quality:
    """The preset called `name`.

    Raises:
        VocalsepError: no such preset.
    """
    if name not in QUALITIES:
        raise VocalsepError(f"unknown quality {name!r}: {did_you_mean(name, list(QUALITIES))}")
    return QUALITIES[name]
