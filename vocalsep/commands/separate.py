"""`vocalsep separate`: songs in, stems out."""

from __future__ import annotations

import click

from vocalsep.audio.formats import FORMATS
from vocalsep.commands._options import (
    dry_run_option,
    json_option,
    recursive_option,
    run_options,
    separator_option,
)
from vocalsep.inference.options import (
    DEFAULT_TEMPLATE,
    RAW_FORMAT,
    BatchOptions,
    FileOptions,
    RawInput,
    RunOptions,
)


@click.command("separate")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "-o",
    "--output",
    default="separated",
    show_default=True,
    metavar="DIR",
    help="Output folder; - writes one --stem to standard output.",
)
@separator_option
@click.option(
    "--format",
    type=click.Choice([*FORMATS, RAW_FORMAT]),
    default="wav",
    show_default=True,
    help="File format; raw is f32le, for -o - only.",
)
@click.option(
    "--subtype",
    metavar="NAME",
    help="pcm_16, pcm_24, float32, alac, …; the source's depth by default.",
)
@click.option(
    "--stem",
    metavar="NAME",
    help="Write only this stem of the model; accompaniment is all but the vocals.",
)
@click.option(
    "--name",
    "template",
    default=DEFAULT_TEMPLATE,
    metavar="TEMPLATE",
    show_default=True,
    help="Output names below DIR; also {source_dir} (stems beside "
    "the source), {source_ext}, {model}.",
)
@recursive_option
@click.option("--start", "start_s", type=float, default=0.0, metavar="S", help="From here on.")
@click.option("--end", "end_s", type=float, metavar="S", help="Up to here.")
@click.option(
    "--skip-existing",
    is_flag=True,
    help="Skip songs whose stems are up to date (same input, model and options).",
)
@run_options
@click.option(
    "--wiener",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Refine the stems by N iterations of a multichannel Wiener filter; compare before using.",
)
@click.option(
    "--rate",
    "raw_rate",
    type=click.IntRange(min=1),
    metavar="HZ",
    help="Standard input is raw f32le at this rate.",
)
@click.option(
    "--channels",
    "raw_channels",
    type=click.IntRange(min=1),
    metavar="N",
    help="Channels of raw input; 2 by default.",
)
@json_option
@dry_run_option
@click.pass_context
def command(
    ctx: click.Context,
    inputs: tuple[str, ...],
    output: str,
    model: str,
    format: str,
    subtype: str | None,
    stem: str | None,
    template: str,
    recursive: bool,
    start_s: float,
    end_s: float | None,
    skip_existing: bool,
    quality: str,
    device: str,
    threads: int | None,
    wiener: int,
    raw_rate: int | None,
    raw_channels: int | None,
    json: bool,
    dry_run: bool,
) -> None:
    """Take songs apart into the stems of a model: vocals and accompaniment, or more.

    INPUT is a file, a folder, or - for WAV (with --rate: raw f32le) on standard input. Stems
    keep the song's rate, channels, depth, length and tags, and add up to it exactly.

    Exit code: 0 all done, 1 some failed, 2 nothing could start.
    """
    from vocalsep.inference.batch import run_batch

    file = FileOptions(format, subtype, stem, start_s, end_s, template)
    run = RunOptions(device, quality, threads, wiener)
    raw = RawInput(raw_rate, raw_channels)
    options = BatchOptions(
        inputs, output, model, file, run, raw, recursive, skip_existing, json, dry_run
    )
    ctx.exit(run_batch(options))
