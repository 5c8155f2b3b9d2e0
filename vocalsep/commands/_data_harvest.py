"""`vocalsep data harvest SONGS`: voices and music to train on, from songs without stems."""

from __future__ import annotations

from pathlib import Path

import click

from vocalsep.commands._options import device_option, threads_option


@click.command()
@click.argument("songs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="Folder of the stems."
)
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    default=("vocals",),
    show_default=True,
    help="Who must agree; may be given twice.",
)
@device_option
@threads_option
def harvest(
    songs: tuple[Path, ...],
    output: Path,
    models: tuple[str, ...],
    device: str,
    threads: int | None,
) -> None:
    """Take from SONGS without stems the voice that models agree on, and the breaks.

    SONGS are sound files or folders of them. Two models, or one at two speeds, judge every half
    second. Where an UltraStar text beside a song names it, breaks are where it has no notes. The
    model's licence holds for what is trained on its estimates.
    """
    from vocalsep.inference.separator import Separator
    from vocalsep.training.harvest import harvest as harvest_songs

    if len(models) > 2:
        raise click.BadOptionUsage("--model", "expected one or two models")
    judges = [Separator.from_pretrained(model, device, threads=threads) for model in models]
    for found in harvest_songs(songs, judges, output):
        told = ", ".join(f"{seconds:.0f} s of {stem}" for stem, seconds in found.seconds.items())
        click.echo(f"{found.song}: {told}")
