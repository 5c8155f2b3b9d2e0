"""What a work tells before it starts, while it runs and when it is done.

The protocols are what every list of works shares; the classes are those of separations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from vocalsep.inference.levels import Level


class Planned(Protocol):
    """What is decided about a work."""

    @property
    def name(self) -> str:
        """Of its source."""

    @property
    def outputs(self) -> Mapping[str, Path]:
        """Final paths by what they are."""

    @property
    def length(self) -> float | None:
        """How much there is to do, in the unit of `Step.done`; None if nobody knows."""

    @property
    def size(self) -> str:
        """The same for people, e.g. "180.0 s"."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know before, one line each."""

    def facts(self) -> dict[str, Any]:
        """What programs are told, beside source and outputs."""


class Step(Protocol):
    """How far a work is."""

    @property
    def done(self) -> float:
        """How much of it is done."""

    @property
    def remark(self) -> str:
        """Why it is done again, if it is."""

    def facts(self) -> dict[str, Any]:
        """What programs are told."""


class Outcome(Protocol):
    """What became of a work."""

    @property
    def source(self) -> str:
        """Its name."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line each."""

    def line(self) -> str:
        """What people are told."""

    def facts(self) -> dict[str, Any]:
        """What programs are told."""


StepCallback: TypeAlias = Callable[[Step], None]


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

    @property
    def done(self) -> float:
        """Seconds of this song."""
        return self.done_s

    @property
    def remark(self) -> str:
        """Why it is done again, if it is."""
        return "again, quieter: it would clip" if self.n_pass > 1 else ""

    def facts(self) -> dict[str, Any]:
        """What programs are told."""
        return asdict(self)


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

    def line(self) -> str:
        """What people are told."""
        text = (
            f"{self.source}: {self.audio_s:.1f} s in {self.seconds:.1f} s "
            f"({self.speed:.0f} × real time) → {', '.join(map(str, self.outputs.values()))}"
        )
        if self.gain != 1.0:
            text += f"; all stems are {self.gain:.4f} times as loud, else they would clip"
        if self.overs:
            text += f"; {self.overs} samples are beyond full scale"
        return text

    def facts(self) -> dict[str, Any]:
        """What programs are told; warnings have their own events."""
        facts = {**asdict(self), "speed": round(self.speed, 2)}
        del facts["warnings"]
        return facts
