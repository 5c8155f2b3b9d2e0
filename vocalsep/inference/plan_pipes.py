"""Plan a job whose source is standard input, whose stem goes to standard output, or both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from vocalsep.audio.formats import StemFormat, plan_format
from vocalsep.audio.read import RawFormat, Span, open_audio, open_pipe
from vocalsep.errors import PlanError, UnsupportedFormat
from vocalsep.inference.cancel import CancelToken
from vocalsep.inference.names import Source
from vocalsep.inference.options import PIPE, RAW_FORMAT, BatchOptions
from vocalsep.inference.pipes import standard_input, standard_output
from vocalsep.inference.plan import STDOUT, Job, ModelNames, Plan, Planner, check_span
from vocalsep.inference.stems import chosen_stems
from vocalsep.types import AudioInfo

#: What outputs of standard input are named after.
STDIN_TRACK = "stdin"


def uses_pipes(options: BatchOptions) -> bool:
    """Whether this batch reads standard input or writes standard output."""
    return PIPE in options.inputs or options.output == PIPE


def check_pipe_options(options: BatchOptions) -> None:
    """Refuse options that mean something for pipes only, where there is no pipe.

    Raises:
        PlanError: raw input or output is asked for, but files are read or written.
    """
    is_raw_input = options.raw.sample_rate is not None or options.raw.n_channels is not None
    if is_raw_input and PIPE not in options.inputs:
        raise PlanError("--rate and --channels describe raw standard input: use - as the INPUT")
    if options.file.format == RAW_FORMAT and options.output != PIPE:
        raise PlanError("--format raw is for standard output only: add -o - or choose --format wav")


def plan_pipes(options: BatchOptions, names: ModelNames, cancel: CancelToken) -> Plan:
    """Plan the one job of a batch that `uses_pipes`.

    Raises:
        PlanError: options that do not go together with pipes.
        UnreadableAudio: the source is not audio.
        UnsupportedFormat: the stem cannot be written that way.
    """
    _check(options, names)
    if options.output == PIPE:
        return Plan([_to_stdout(options, names, cancel)], [])
    planner = Planner([], options.output_dir, options.file, names)
    reader = open_pipe(standard_input(cancel), _raw_format(options))
    return Plan([planner.job(Source(Path(STDIN_TRACK)), reader)], [])


def _check(options: BatchOptions, names: ModelNames) -> None:
    if len(options.inputs) != 1:
        raise PlanError(f"'-' goes with one input only, not {len(options.inputs)}")
    if PIPE in options.inputs and (options.file.start_s or options.file.end_s is not None):
        raise PlanError("--start and --end need a file: standard input cannot be searched")
    if options.output == PIPE and options.json:
        raise PlanError("-o - and --json both want standard output: choose one")
    if options.output == PIPE and options.file.stem is None:
        raise PlanError(f"-o - takes one stem: add --stem {' or --stem '.join(names.stems)}")


def _to_stdout(options: BatchOptions, names: ModelNames, cancel: CancelToken) -> Job:
    check_span(options.file)
    (stem,) = chosen_stems(options.file.stem, names.stems)
    if not options.dry_run:
        standard_output(cancel)  # refuses terminals before any work
    (name,) = options.inputs
    span = Span(options.file.start_s, options.file.end_s)
    from_pipe = name == PIPE
    if from_pipe:
        reader = open_pipe(standard_input(cancel), _raw_format(options))
    else:
        reader = open_audio(Path(name), span)
    job = Job(
        info=reader.info,
        stem_format=_pipe_format(reader.info, options),
        outputs={stem: STDOUT},
        options=options.file,
        source=None if from_pipe else Path(name),
        pipe=reader if from_pipe else None,
        length_s=reader.length_hint_s,
    )
    if not from_pipe:
        reader.close()
    return job


def _pipe_format(info: AudioInfo, options: BatchOptions) -> StemFormat:
    if options.file.format == RAW_FORMAT:
        return replace(plan_format(info, "wav", "float32"), extension=".f32le")
    stem_format = plan_format(info, options.file.format, options.file.subtype)
    if stem_format.container != "wav":
        raise UnsupportedFormat(
            f"standard output takes --format wav or raw, not {options.file.format}"
        )
    return stem_format


def _raw_format(options: BatchOptions) -> RawFormat | None:
    """The format of raw PCM on standard input; None if it is WAV.

    Raises:
        PlanError: only half of it is given.
    """
    raw = options.raw
    if raw.sample_rate is None:
        if raw.n_channels is not None:
            raise PlanError("--channels without --rate: raw input needs both, WAV input neither")
        return None
    return RawFormat(raw.sample_rate, raw.n_channels or 2)
