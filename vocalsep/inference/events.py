"""What a separation tells while it runs and when it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from vocalsep.inference.levels import Level


@dataclass(frozen=True)
class Progress:
    """How far one song is.

    Attributes:
        source: the song's name.
        done_s, total_s: seconds of this song; the total is None if nobody knows it yet.
        n_pass: 1, or 2 while a song that would have clipped is separated again.
    """

    source: str
    done_s: float
    total_s: float | None
    n_pass: int


ProgressCallback: TypeAlias = Callable[[Progress], None]


@dataclass(frozen=True)
class FileResult:
    """What became of one song.

    Attributes:
        source: the song's name.
        outputs: final path per stem.
        levels: levels per written stem.
        gain: common gain of all stems; 1.0 unless an integer format would have clipped.
        overs: samples beyond full scale that were written: always 0 where a gain was possible.
        audio_s: seconds of audio separated.
        seconds: time it took.
        warnings: one line each: damaged parts, conversions.
    """

    source: str
    outputs: dict[str, Path]
    levels: dict[str, Level]
    gain: float
    overs: int
    audio_s: float
    seconds: float
    warnings: tuple[str, ...]

    @property
    def speed(self) -> float:
        """Times real time."""
        return self.audio_s / max(self.seconds, 1e-9)
