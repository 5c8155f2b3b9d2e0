"""What the commands of `vocalsep data` that read a data set have in common."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from vocalsep.data.layouts import GUESSES

if TYPE_CHECKING:
    from vocalsep.data.sources import StemSource

Command = TypeVar("Command", bound=Callable[..., object])

data_argument = click.argument("data", type=click.Path(path_type=Path))
layout_option = click.option(
    "--layout", type=click.Choice(GUESSES), help="How the set lies; guessed if not given."
)
root_option = click.option(
    "--root",
    type=click.Path(path_type=Path),
    help="Where the paths of a list start; its own folder if not given.",
)
rate_option = click.option(
    "--rate", type=click.IntRange(1000), default=44100, show_default=True, help="Sample rate, Hz."
)
workers_option = click.option(
    "--workers",
    type=click.IntRange(1),
    default=os.cpu_count() or 1,
    show_default=True,
    help="Processes.",
)


def split_option(splits: Sequence[str], default: str) -> Callable[[Command], Command]:
    """The option of a command that reads one of these parts of a set."""
    return click.option(
        "--split",
        type=click.Choice(splits),
        default=default,
        show_default=True,
        help="Part of a set that is divided.",
    )


def stems_of(data: Path, layout: str | None, root: Path | None, split: str) -> list[StemSource]:
    """The stems of a set; says which layout was guessed."""
    from vocalsep.data.layouts import guess_layout, read_stems
    from vocalsep.data.layouts.manifest import read_list

    if layout is None:
        layout = guess_layout(data)
        click.echo(f"{data}: taken for the layout {layout} (--layout says otherwise)", err=True)
    if root is not None:
        if layout != "manifest":
            raise click.BadOptionUsage("--root", f"--root is for lists; {data} is {layout}")
        return read_list(data, root, split)
    return read_stems(data, layout, split)
