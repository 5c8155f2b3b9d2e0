"""`vocalsep data songs`: any data set as song folders."""

from __future__ import annotations

from pathlib import Path

import click

from vocalsep.commands._data_options import (
    data_argument,
    layout_option,
    rate_option,
    root_option,
    split_option,
    stems_of,
)
from vocalsep.data.layouts import SPLITS


@click.command()
@data_argument
@layout_option
@root_option
@split_option(SPLITS, "train")
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="Folder of the songs."
)
@rate_option
def songs(
    data: Path, layout: str | None, root: Path | None, split: str, output: Path, rate: int
) -> None:
    """Write the songs of DATA as folders with a WAV file a stem, sums and differences worked out.

    To validate on them, to score other tools, or to hear them.
    """
    from vocalsep.data.song_folders import write_songs

    for song in write_songs(stems_of(data, layout, root, split), output, rate):
        click.echo(song)
