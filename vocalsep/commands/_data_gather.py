"""`vocalsep data gather LIST`: training data out of public repositories."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command()
@click.argument("files", metavar="LIST", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="Root of the data."
)
@click.option(
    "--clones",
    type=click.Path(path_type=Path),
    help="Where clones of repositories are kept [default: clones in the root].",
)
def gather(files: Path, output: Path, clones: Path | None) -> None:
    """Make the files of LIST: copied, joined or summed from those of public repositories.

    LIST is tab-separated: path, repository, source, how, and seconds if you like
    (recipes/sources.tsv). Repositories are cloned with git. What is there already is left; what
    cannot be made is told, and the exit code is 1.
    """
    from vocalsep.data.gathering.gather import gather as make
    from vocalsep.data.gathering.gather import read_rows

    rows = read_rows(files)
    n_failed = 0
    for made in make(rows, output, clones or output / "clones"):
        n_failed += bool(made.error)
        said = made.error or made.note
        click.echo(f"{made.path}: {said}" if said else made.path, err=bool(said))
    if n_failed:
        click.echo(f"vocalsep: {n_failed} of {len(rows)} files could not be made", err=True)
        sys.exit(1)
