"""What `vocalsep karaoke` can be told; plain values, free of torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from vocalsep.inference.options import RunOptions

DEFAULT_OUTPUT = "karaoke"

_DEFAULT_RUN = RunOptions()

Make: TypeAlias = Literal["auto", "video", "stems"]
Tracks: TypeAlias = Literal["instrumental", "both"]


@dataclass(frozen=True)
class Treatment:
    """What is done to the sound besides taking the voice out.

    Attributes:
        guide_db: level at which the voice is mixed back (dB, 0 is the original); None: not at all.
        key: semitones up (negative: down).
        tempo: speed in percent of the original's.
    """

    guide_db: float | None = None
    key: float = 0.0
    tempo: float = 100.0

    @property
    def guide_gain(self) -> float:
        """The voice's amplitude in the mix.

        >>> Treatment(guide_db=-20.0).guide_gain
        0.1
        """
        return 0.0 if self.guide_db is None else float(10.0 ** (self.guide_db / 20.0))

    @property
    def keeps_time_and_key(self) -> bool:
        """Whether the samples stay where and what they are."""
        return self.key == 0.0 and self.tempo == 100.0


@dataclass(frozen=True)
class KaraokeOptions:
    """Everything `vocalsep karaoke` is told.

    Attributes:
        inputs: files and folders.
        output: folder for everything but UltraStar songs, which keep theirs.
        model: name or path.
        make: "auto" (what the input is), "video" (of its lyrics) or "stems".
        format: of the sound; None follows the source.
        template: output names below the output folder; None is the default of the kind.
        treatment: guide, key, tempo.
        tracks: of a video: the instrumental alone, or the original beside it.
        force: also songs that look like instrumentals, and replace tags and files that are there.
        recursive, skip_existing, json, dry_run: as for `vocalsep separate`.
    """

    inputs: tuple[str, ...]
    output: str = DEFAULT_OUTPUT
    model: str = "vocals"
    make: Make = "auto"
    format: str | None = None
    template: str | None = None
    treatment: Treatment = Treatment()
    tracks: Tracks = "instrumental"
    force: bool = False
    recursive: bool = False
    skip_existing: bool = False
    json: bool = False
    dry_run: bool = False
    run: RunOptions = _DEFAULT_RUN

    @property
    def output_dir(self) -> Path:
        """The output folder."""
        return Path(self.output)
