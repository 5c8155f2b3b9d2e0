"""`vocalsep data …`: prepare training data."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.group()
def command() -> None:
    """Prepare training data."""


@command.command()
@click.argument("list_file", metavar="LIST", type=click.Path(path_type=Path))
@click.option("--root", default=".", type=click.Path(path_type=Path), help="Paths start here.")
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="Folder of the bank."
)
@click.option(
    "--rate",
    type=click.IntRange(1000),
    default=44100,
    show_default=True,
    help="Sample rate of the bank, Hz.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=os.cpu_count() or 1,
    show_default=True,
    help="Processes.",
)
def pack(list_file: Path, root: Path, output: Path, rate: int, workers: int) -> None:
    """Decode the stems of LIST into a memory-mapped bank; goes on after an interruption."""
    from vocalsep.data.pack import pack as pack_list

    tracks = pack_list(list_file, root, output, rate, workers, click.echo)
    hours = sum(track.n_samples for track in tracks) / rate / 3600
    click.echo(f"{output}: {len(tracks)} stems, {hours:.2f} hours")
