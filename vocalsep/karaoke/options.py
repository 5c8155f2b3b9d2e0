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
        count_in_s: seconds before the song, with a click each.
    """

    guide_db: float | None = None
    key: float = 0.0
    tempo: float = 100.0
    count_in_s: int = 0

    @property
    def guide_gain(self) -> float:
        """The voice's amplitude in the mix.

        >>> Treatment(guide_db=-20.0).guide_gain
        0.1
        """
        return 0.0 if self.guide_db is None else float(10.0 ** (self.guide_db / 20.0))

    @property
    def keeps_time_and_key(self) -> bool:
        """Whether the song's samples stay what they are."""
        return self.key == 0.0 and self.tempo == 100.0

    @property
    def keeps_times(self) -> bool:
        """Whether everything stays where it is."""
        return self.tempo == 100.0 and self.count_in_s == 0

    @property
    def options(self) -> list[str]:
        """The options that were used."""
        used = {
            "--guide": self.guide_db is not None,
            "--key": self.key != 0.0,
            "--tempo": self.tempo != 100.0,
            "--count-in": self.count_in_s != 0,
        }
        return [option for option, is_used in used.items() if is_used]

    def heard_at(self, song_s: float) -> float:
        """When one hears what lies at `song_s` of the song (s).

        >>> Treatment(tempo=50.0, count_in_s=4).heard_at(10.0)
        24.0
        """
        return song_s * 100.0 / self.tempo + self.count_in_s


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
        treatment: guide, key, tempo, count-in.
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
