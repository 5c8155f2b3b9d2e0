"""`vocalsep evaluate DATA… -m MODEL`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from vocalsep.commands._options import quality_option

FORMATS = ("table", "html", "json", "csv", "markdown", "latex")
GROUPS = ("energy", "spectral", "singing", "v3", "v4")


@click.command()
@click.argument("data", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-m", "--model", "models", multiple=True, help="Name or path; may be repeated.")
@click.option(
    "-e",
    "--estimates",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Folder of stem files (a folder a track) or label maps by any tool; may be repeated.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("evaluation"),
    show_default=True,
    help="Folder of the results; what is there already is not done again.",
)
@click.option(
    "--format",
    "shown",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="What is printed; html writes report.html.",
)
@click.option(
    "--excerpts/--no-excerpts",
    default=True,
    help="Sound and pictures of DATA in the HTML page; without, what may be shown to anybody.",
)
@click.option(
    "--metrics",
    "groups",
    multiple=True,
    type=click.Choice(GROUPS),
    help="Only these; may be repeated. v3 and v4 are BSS Eval, energy takes no time.",
)
@click.option("--stem", "stems", multiple=True, help="Score only these, the residual last.")
@click.option(
    "--classes", default="", metavar="NAMES", help="Of label maps, in order, divided by commas."
)
@click.option(
    "--ignore",
    "ignored",
    type=int,
    multiple=True,
    metavar="VALUE",
    help="Value of true label maps that does not count; may be repeated.",
)
@click.option("--layout", default="", help="Of DATA, e.g. musdb18, songs, split-stereo, voc.")
@click.option("--split", default="", help="train, valid or test, where DATA is divided.")
@click.option(
    "--anchors/--no-anchors", default=True, help="Beside it what doing nothing and oracles give."
)
@click.option(
    "--wiener",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Also score N iterations of the multichannel Wiener filter after each.",
)
@quality_option
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option(
    "--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes."
)
@click.option("--store", is_flag=True, help="Write the global SDRs into the model file.")
def command(
    data: tuple[Path, ...],
    models: tuple[str, ...],
    folders: tuple[Path, ...],
    output: Path,
    shown: str,
    excerpts: bool,
    groups: tuple[str, ...],
    stems: tuple[str, ...],
    classes: str,
    ignored: tuple[int, ...],
    layout: str,
    split: str,
    anchors: bool,
    wiener: int,
    quality: str,
    device: str,
    workers: int,
    store: bool,
) -> None:
    """Score models and estimates on DATA: songs with true stems, or pictures with true labels.

    A folder of songs with vocals.* and accompaniment.* (or drums, bass, other), MUSDB18 and its HQ
    version, a list of stems, or (--layout split-stereo) files with the accompaniment left and the
    voice right as in MIR-1K and iKala. Beside it stand the mixture and the ideal masks of the same
    STFT. With several models or folders, each is compared with the first.

    Pictures may lie in any layout of `vocalsep data pictures`; classes and ignored values are those
    of the model, or of --classes and --ignore. Beside it stands the most frequent class.

    The exit code is 0 if all was scored, 1 if some failed, 2 if nothing could start.
    """
    from vocalsep.commands._evaluate_job import Request
    from vocalsep.commands._evaluate_run import run

    request = Request(
        data, models, folders, output, shown, excerpts, groups or GROUPS, stems,
        tuple(filter(None, map(str.strip, classes.split(",")))), ignored, layout, split, anchors,
        wiener, quality, device, store,
    )  # fmt: skip
    sys.exit(run(request, workers))
