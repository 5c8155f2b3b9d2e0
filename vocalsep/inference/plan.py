"""Decide everything about a batch before any work: formats, names, places.

Sources that cannot be read become failures of their own; anything that would spoil the outputs
(names that collide, places that cannot be written, formats that cannot carry a source) is an
error of the whole plan, because the user has to choose differently.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vocalsep.audio.formats import StemFormat, plan_format
from vocalsep.audio.read import AudioReader, Span, open_audio
from vocalsep.errors import PlanError, UnreadableAudio
from vocalsep.inference.manifest import MANIFEST_NAME
from vocalsep.inference.names import Source, check_template, output_path
from vocalsep.inference.options import FileOptions
from vocalsep.inference.places import Places
from vocalsep.inference.sources import Failure
from vocalsep.inference.stems import chosen_stems
from vocalsep.types import AudioInfo

#: Stands for standard output among the paths of a job.
STDOUT = Path("-")


@dataclass(frozen=True)
class Job:
    """One source and all that is decided about its stems.

    Attributes:
        info: what is known of the source, or of the part of it that is asked for.
        stem_format: how the stems are written.
        outputs: final path per stem, only for those that are written; `STDOUT` is a pipe.
        options: as asked.
        source: path of the song; None is standard input.
        pipe: the opened standard input.
        length_s: about how long it is (seconds), None if unknown.
    """

    info: AudioInfo
    stem_format: StemFormat
    outputs: dict[str, Path]
    options: FileOptions
    source: Path | None
    pipe: AudioReader | None = None
    length_s: float | None = None

    @property
    def name(self) -> str:
        """Of the source."""
        return self.info.name

    @property
    def length(self) -> float | None:
        """Seconds."""
        return self.length_s

    @property
    def size(self) -> str:
        """Its length for people."""
        return "? s" if self.length_s is None else f"{self.length_s:.1f} s"

    @property
    def notes(self) -> tuple[str, ...]:
        """What is converted, one line each."""
        return tuple(self.stem_format.notes)

    def facts(self) -> dict[str, Any]:
        """What programs are told."""
        return {
            "length_s": self.length_s,
            "codec": self.info.codec,
            "sample_rate": self.info.sample_rate,
            "format": self.stem_format.codec,
            "notes": self.stem_format.notes,
        }

    @property
    def to_stdout(self) -> bool:
        """Whether the stem goes into a pipe."""
        return STDOUT in self.outputs.values()

    @property
    def manifest(self) -> Path | None:
        """The manifest that lists this job's outputs; pipes have none."""
        if self.source is None or self.to_stdout:
            return None
        return next(iter(self.outputs.values())).parent / MANIFEST_NAME

    def open(self) -> AudioReader:
        """Open the source at the start of the span.

        Raises:
            UnreadableAudio: it has become unreadable since it was planned.
        """
        if self.pipe is not None:
            return self.pipe
        assert self.source is not None
        return open_audio(self.source, Span(self.options.start_s, self.options.end_s))


@dataclass(frozen=True)
class ModelNames:
    """What outputs are named after."""

    model: str
    stems: tuple[str, ...]  # the residual last


@dataclass(frozen=True)
class Plan:
    """The jobs of a batch, and the sources that cannot be one."""

    jobs: list[Job]
    failures: list[Failure]


def check_span(options: FileOptions) -> None:
    """Refuse a span that cannot be one.

    Raises:
        PlanError: a number of no time, start below 0, or end not after start.
    """
    for name, value in (("--start", options.start_s), ("--end", options.end_s)):
        if value is not None and not math.isfinite(value):
            raise PlanError(f"{name} {value:g} is no time: expected seconds from the start")
    if options.start_s < 0:
        raise PlanError(f"--start {options.start_s:g} is negative: expected seconds from the start")
    if options.end_s is not None and options.end_s <= options.start_s:
        raise PlanError(f"--end {options.end_s:g} is not after --start {options.start_s:g}")


class Planner:
    """Gives every source its job, as long as the outputs do not get in each other's way.

    Args:
        sources: all files of the batch, none of which may be overwritten.
        root: the output folder; it need not exist.
        options: the same for every source.
        names: of the model and its stems.

    Raises:
        PlanError: impossible options.
    """

    def __init__(
        self, sources: Iterable[Path], root: Path, options: FileOptions, names: ModelNames
    ) -> None:
        check_span(options)
        self._stems = chosen_stems(options.stem, names.stems)
        check_template(options.template, len(self._stems))
        self._root = root
        self._options = options
        self._model = names.model
        self._places = Places(list(sources))

    def job(self, source: Source, reader: AudioReader) -> Job:
        """Plan one source, given what is opened of it.

        Raises:
            PlanError: its outputs collide with others or cannot be written.
            UnsupportedFormat: the format cannot carry it.
        """
        info = reader.info
        stem_format = plan_format(info, self._options.format, self._options.subtype)
        fields = {"ext": stem_format.extension.lstrip("."), "model": self._model}
        outputs = {
            stem: output_path(self._root, self._options.template, source, {**fields, "stem": stem})
            for stem in self._stems
        }
        for output in outputs.values():
            self._places.claim(output, info.name)
        self._places.check_nesting()
        is_pipe = info.path is None
        return Job(
            info=info,
            stem_format=stem_format,
            outputs=outputs,
            options=self._options,
            source=None if is_pipe else source.path,
            pipe=reader if is_pipe else None,
            length_s=reader.length_hint_s,
        )


def plan_files(sources: list[Source], root: Path, options: FileOptions, names: ModelNames) -> Plan:
    """Plan a batch of files; those that cannot be read become failures.

    Raises:
        PlanError, UnsupportedFormat: see `Planner`.
    """
    planner = Planner([source.path for source in sources], root, options, names)
    plan = Plan([], [])
    for source in sources:
        try:
            reader = open_audio(source.path, Span(options.start_s, options.end_s))
        except UnreadableAudio as error:
            plan.failures.append(Failure(str(source.path), error))
            continue
        with reader:
            plan.jobs.append(planner.job(source, reader))
    return plan
