"""What a caller can choose; plain values, free of torch, so that help texts stay instant."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

#: Fields: {folder} the source's folder below the input folder, {track}, {stem}, {ext}, and
#: {source_dir}, {source_ext}, {model}.
DEFAULT_TEMPLATE = "{folder}/{track}/{stem}.{ext}"

#: Standard input among the inputs, standard output as the output.
PIPE = "-"

#: Bare little-endian float32, for standard output only.
RAW_FORMAT = "raw"


@dataclass(frozen=True)
class FileOptions:
    """What is written for each song.

    Attributes:
        format: "wav", "flac", "mp3", "m4a", "ogg" or "opus".
        subtype: e.g. "pcm_24"; None keeps the source's depth.
        stem: write only this stem; None writes all of the model's. "accompaniment" is all but
            the vocals, whatever other stems the model has.
        start_s, end_s: the part of the song to separate (seconds); None is its end.
        template: output names below the output folder.
    """

    format: str = "wav"
    subtype: str | None = None
    stem: str | None = None
    start_s: float = 0.0
    end_s: float | None = None
    template: str = DEFAULT_TEMPLATE


@dataclass(frozen=True)
class RunOptions:
    """How a network runs.

    Attributes:
        device: "auto", "cpu", "cuda", "cuda:1", "mps".
        quality: "fast", "normal" or "best".
        threads: CPU threads, for the whole process; None leaves torch's choice.
        wiener: iterations of the multichannel Wiener filter on the estimates (dsp/wiener.py);
            0 leaves it out.
    """

    device: str = "auto"
    quality: str = "normal"
    threads: int | None = None
    wiener: int = 0


@dataclass(frozen=True)
class RawInput:
    """Raw interleaved f32le on standard input; without a rate it is WAV."""

    sample_rate: int | None = None  # Hz
    n_channels: int | None = None


@dataclass(frozen=True)
class BatchOptions:
    """Everything `vocalsep separate` is told.

    Attributes:
        inputs: files, folders, or "-" for standard input.
        output: folder, or "-" for standard output.
        model: name or path.
        recursive: also take the folders inside folders.
        skip_existing: leave songs alone whose stems are up to date.
        json: report as JSON events on standard output.
        dry_run: plan and report, but separate nothing.
    """

    inputs: tuple[str, ...]
    output: str = "separated"
    model: str = "vocals"
    file: FileOptions = FileOptions()
    run: RunOptions = RunOptions()
    raw: RawInput = RawInput()
    recursive: bool = False
    skip_existing: bool = False
    json: bool = False
    dry_run: bool = False

    @property
    def output_dir(self) -> Path:
        """The output folder (meaningless for "-")."""
        return Path(self.output)
