"""`vocalsep segment`: pictures in, labels out."""

from __future__ import annotations

from typing import Literal

import click

from vocalsep.commands._options import (
    device_option,
    dry_run_option,
    json_option,
    model_option,
    recursive_option,
    threads_option,
)
from vocalsep.inference.options import RunOptions
from vocalsep.segmentation.options import (
    DEFAULT_MODEL,
    DEFAULT_OUTPUT,
    DEFAULT_TEMPLATE,
    CrfOptions,
    OutputOptions,
    PredictOptions,
    SegmentOptions,
)


def _numbers(ctx: click.Context, option: click.Parameter, text: str) -> tuple[float, ...]:
    """ "0.75,1" -> (0.75, 1.0)."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise click.BadParameter(f"{text!r}: expected numbers, e.g. 0.75,1,1.25") from None


@click.command("segment")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "-o",
    "--output",
    default=DEFAULT_OUTPUT,
    show_default=True,
    metavar="DIR",
    help="Output folder; folders in it are those of the input.",
)
@model_option(DEFAULT_MODEL)
@click.option(
    "--overlay/--no-overlay",
    default=True,
    show_default=True,
    help="Also write the picture with the colours of the classes over it.",
)
@click.option("--legend", is_flag=True, help="Under the overlay: which colour is which class.")
@click.option(
    "--probabilities",
    type=click.Choice(["png", "png16", "npz"]),
    help="Also write how likely each class is: a grey PNG each, or one NumPy archive.",
)
@click.option(
    "--contours",
    type=click.Choice(["geojson", "coco"]),
    help="Also write outlines: polygons, or COCO's run lengths.",
)
@click.option(
    "--name",
    "template",
    default=DEFAULT_TEMPLATE,
    metavar="TEMPLATE",
    show_default=True,
    help="Output names below DIR; also {source_dir}, {source_ext}, {model}.",
)
@click.option(
    "--scales",
    default="1",
    show_default=True,
    callback=_numbers,
    metavar="LIST",
    help="Look at these sizes of the picture and average, e.g. 0.75,1,1.25.",
)
@click.option(
    "--flips",
    default="",
    metavar="AXES",
    help="Also look at mirror images and average: h, v, hv; volumes also d.",
)
@click.option("--crf", is_flag=True, help="Let the labels follow the edges of the picture.")
@click.option(
    "--overlap",
    type=click.FloatRange(0, 0.9),
    default=0.5,
    show_default=True,
    metavar="PART",
    help="What neighbouring tiles of large pictures share.",
)
@recursive_option
@click.option(
    "--skip-existing",
    is_flag=True,
    help="Skip what is up to date (same input, model and options).",
)
@device_option
@threads_option
@json_option
@dry_run_option
@click.pass_context
def command(
    ctx: click.Context,
    inputs: tuple[str, ...],
    output: str,
    model: str,
    overlay: bool,
    legend: bool,
    probabilities: Literal["png", "png16", "npz"] | None,
    contours: Literal["geojson", "coco"] | None,
    template: str,
    scales: tuple[float, ...],
    flips: str,
    crf: bool,
    overlap: float,
    recursive: bool,
    skip_existing: bool,
    device: str,
    threads: int | None,
    json: bool,
    dry_run: bool,
) -> None:
    """Say of every pixel what it shows.

    INPUT is a picture, a video, a folder of them, or, for models of volumes, .npy and NIfTI
    files. Pictures become an index PNG and an overlay; videos an overlay with their sound;
    volumes a volume of labels. Pictures of any size are segmented in little memory.

    Exit code: 0 all done, 1 some failed, 2 nothing could start.
    """
    from vocalsep.segmentation.run import run_segment

    options = SegmentOptions(
        inputs=inputs,
        output=output,
        model=model,
        write=OutputOptions(overlay, legend, probabilities, contours, template),
        predict=PredictOptions(
            overlap=overlap, scales=scales, flips=flips, crf=CrfOptions() if crf else None
        ),
        run=RunOptions(device, threads=threads),
        recursive=recursive,
        skip_existing=skip_existing,
        json=json,
        dry_run=dry_run,
    )
    ctx.exit(run_segment(options))
