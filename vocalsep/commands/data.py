"""`vocalsep data …`: look through training data and prepare it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from vocalsep.commands._data_gather import gather
from vocalsep.commands._data_harvest import harvest
from vocalsep.commands._data_options import (
    data_argument,
    layout_option,
    rate_option,
    root_option,
    split_option,
    stems_of,
    workers_option,
)
from vocalsep.commands._data_pictures import pictures
from vocalsep.commands._data_plan import plan
from vocalsep.commands._data_songs import songs
from vocalsep.data.layouts import GUESSES, SPLITS


@click.group()
def command() -> None:
    """Look through training data and prepare it."""


command.add_command(gather)
command.add_command(harvest)
command.add_command(pictures)
command.add_command(plan)
command.add_command(songs)


@command.command(epilog="Layouts: see `vocalsep data layouts`.")
@data_argument
@layout_option
@root_option
@split_option(SPLITS, "train+valid")
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    help="Another set, such as the validation songs, that must share no recording with this one.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@workers_option
def check(
    data: Path,
    layout: str | None,
    root: Path | None,
    split: str,
    against: Path | None,
    as_json: bool,
    workers: int,
) -> None:
    """Decode all of DATA (a folder or list) and tell what is in it and what is wrong with it.

    The exit code is 1 if something must be mended.
    """
    from vocalsep.commands._data_report import as_json_text, as_table
    from vocalsep.data.check import check as check_stems
    from vocalsep.data.layouts import read_stems

    sources = stems_of(data, layout, root, split)
    # The other set may have the name of a split that this one does not have.
    others = read_stems(against, "", "train+valid") if against else []
    report = check_stems(sources, workers, others, _count_on_terminal)
    click.echo(as_json_text(report) if as_json else as_table(report))
    sys.exit(1 if report.problems else 0)


@command.command()
@data_argument
@layout_option
@root_option
@split_option(SPLITS[:3], "train")
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="Folder of the bank."
)
@rate_option
@click.option(
    "--bandwidth",
    is_flag=True,
    help="Measure how far up each stem goes; what lies above then does not count in the loss.",
)
@workers_option
def pack(
    data: Path,
    layout: str | None,
    root: Path | None,
    split: str,
    output: Path,
    rate: int,
    bandwidth: bool,
    workers: int,
) -> None:
    """Decode the stems of DATA into a memory-mapped bank; goes on after an interruption."""
    from vocalsep.data.pack import PackOptions
    from vocalsep.data.pack import pack as pack_stems

    sources = stems_of(data, layout, root, split)
    tracks = pack_stems(sources, PackOptions(output, rate, workers, bandwidth), click.echo)
    hours = sum(track.n_samples for track in tracks) / rate / 3600
    click.echo(f"{output}: {len(tracks)} stems, {hours:.2f} hours")


@command.command()
@click.argument("bank", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="Folder of the shards."
)
@click.option(
    "--codec",
    type=click.Choice(["flac", "opus"]),
    default="flac",
    show_default=True,
    help="Of the stems.",
)
@click.option(
    "--seconds", type=click.FloatRange(1), default=12.0, show_default=True, help="Of one sample."
)
@click.option(
    "--shard-mb", type=click.IntRange(1), default=512, show_default=True, help="Size of a shard."
)
@workers_option
def shards(
    bank: Path, output: Path, codec: str, seconds: float, shard_mb: int, workers: int
) -> None:
    """Write BANK as WebDataset tar shards, for sets larger than a disk or on another machine.

    Goes on after an interruption. Training reads them by the recipe key mixing.shards.
    """
    from vocalsep.data.bank import Bank
    from vocalsep.data.shards.write import ShardOptions, write_shards

    options = ShardOptions(output, codec, seconds, shard_mb * 1_000_000, workers)
    index = write_shards(Bank(bank), options, click.echo)
    click.echo(f"written: set mixing.shards=[{index}]")


@command.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.argument("overrides", nargs=-1, metavar="[KEY.SUB=VALUE]…")
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="Folder of the songs."
)
@click.option("-n", "--count", type=click.IntRange(1), default=8, show_default=True, help="Songs.")
@click.option(
    "--seconds", type=click.FloatRange(0.5, 600), default=15.0, show_default=True, help="Of each."
)
def examples(
    recipe: Path, overrides: tuple[str, ...], output: Path, count: int, seconds: float
) -> None:
    """Write mixtures with true stems, drawn as RECIPE says, as song folders.

    To hear what a network is trained on. From a bank of voices and music that are in no training
    (mixing.bank=FOLDER) they are validation songs.
    """
    from vocalsep.data.examples import lengthened, write_examples
    from vocalsep.recipe import as_separation, load_recipe

    drawn = lengthened(as_separation(load_recipe(recipe, overrides)), seconds)
    for song in write_examples(drawn, output, count):
        click.echo(song)


@command.command()
@click.argument("voices", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="Folder of FLAC files."
)
@click.option(
    "--seconds", type=click.FloatRange(1), default=60.0, show_default=True, help="Of each voice."
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the melodies."
)
@click.option(
    "--mbrola",
    metavar="PROGRAM",
    help="VOICES are diphone voices of MBROLA, which this program speaks.",
)
@workers_option
def sing(
    voices: tuple[Path, ...],
    output: Path,
    seconds: float,
    seed: int,
    mbrola: str | None,
    workers: int,
) -> None:
    """Make singing of speech, on random melodies, where singers to train on are few.

    VOICES are recordings of speech, one a speaker, or folders of them. What is there already is
    left; which voice cannot sing is told, and the exit code is 1.
    """
    from vocalsep.data.singing.write import write_sung

    n_voices = n_failed = 0
    for sung in write_sung(voices, output, seconds, seed, mbrola, workers):
        n_voices += 1
        n_failed += bool(sung.error)
        click.echo(sung.error or sung.path, err=bool(sung.error))
    if n_failed:
        click.echo(f"vocalsep: {n_failed} of {n_voices} voices could not sing", err=True)
        sys.exit(1)


@command.command()
def layouts() -> None:
    """List the layouts that data sets may have."""
    from vocalsep.commands._table import table
    from vocalsep.data.layouts import LAYOUTS
    from vocalsep.data.pictures.layouts import GUESSES as PICTURE_GUESSES
    from vocalsep.data.pictures.layouts import PICTURE_LAYOUTS

    sounds = [[name, LAYOUTS.build(name, {}).summary] for name in GUESSES]
    shown = [[name, PICTURE_LAYOUTS.build(name, {}).summary] for name in PICTURE_GUESSES]
    click.echo(table([["of sounds", ""], *sounds]))
    click.echo("\n" + table([["of pictures", ""], *shown]))


@command.command()
@click.option("--rate", type=click.IntRange(1000), default=44100, show_default=True, help="Hz.")
@click.option(
    "--seconds",
    type=click.FloatRange(0.1),
    default=3.0,
    show_default=True,
    help="Length of the segments.",
)
def cost(rate: int, seconds: float) -> None:
    """Measure what each augmentation costs on this machine."""
    from vocalsep.commands._table import table
    from vocalsep.data.cost import measure

    rows = [[name, f"{ms:.1f} ms"] for name, ms in measure(rate, seconds).items()]
    click.echo(table([["augmentation", f"{seconds:g} s, stereo"], *rows]))


def _count_on_terminal(done: int, total: int) -> None:
    """A line that is written over; nothing where nobody watches."""
    if sys.stderr.isatty():
        click.echo(f"\r{done}/{total} songs", err=True, nl=done == total)
