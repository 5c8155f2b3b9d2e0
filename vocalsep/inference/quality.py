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
        speeds: the estimate is the mean over the song played at these speeds.
        precision: number format inside the network.
    """

    overlap: float
    speeds: tuple[float, ...]
    precision: Precision


SEMITONE = 2 ** (1 / 12)
_AS_IT_IS = (1.0,)
_SEMITONE_EITHER_WAY = (1 / SEMITONE, SEMITONE)

QUALITIES = {
    "fast": Quality(overlap=0.02, speeds=_AS_IT_IS, precision="auto"),
    "normal": Quality(overlap=0.04, speeds=_AS_IT_IS, precision="auto"),
    "best": Quality(overlap=0.25, speeds=_SEMITONE_EITHER_WAY, precision="auto"),
}


def find_quality(name: str) -> Quality:
    """The preset called `name`.

    Raises:
        VocalsepError: no such preset.
    """
    if name not in QUALITIES:
        raise VocalsepError(f"unknown quality {name!r}: {did_you_mean(name, list(QUALITIES))}")
    return QUALITIES[name]
