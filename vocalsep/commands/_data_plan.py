"""`vocalsep data plan ROOT`: a recipe that fits a set of pictures or volumes."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from vocalsep.backbones.plan import Fingerprint, Plan


@click.command()
@click.argument("root", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Recipe to write; without it, only say what was found.",
)
@click.option("--layout", default="", help="How the set lies; guessed if not given.")
@click.option("--split", default="train", show_default=True, help="Part of it to look at.")
@click.option(
    "--memory-gb",
    type=click.FloatRange(1),
    default=8.0,
    show_default=True,
    help="Of the GPU that will train.",
)
def plan(root: Path, output: Path | None, layout: str, split: str, memory_gb: float) -> None:
    """Look at the volumes or pictures of ROOT and configure a network and its training for them.

    As nnU-Net does: patch, stages, batch and spacing follow from sizes, spacing and memory.
    """
    import yaml

    from vocalsep.atomic import write_whole
    from vocalsep.backbones.plan import plan as plan_network
    from vocalsep.data.pictures.fingerprint import fingerprint
    from vocalsep.data.pictures.layouts import Wanted, read_pictures
    from vocalsep.training.configure import configured, recipe_tree

    found = read_pictures(root, layout, Wanted(split))
    look = fingerprint(found, _count_on_terminal)
    chosen = plan_network(look, memory_gb)
    click.echo(_told(look, chosen, ", ".join(found.classes)))
    if output is not None:
        tree = recipe_tree(configured(root, found, look, chosen))
        text = yaml.safe_dump(
            tree, sort_keys=False, allow_unicode=True, width=100, default_flow_style=None
        )
        write_whole(output, text.encode())
        click.echo(f"{output}: written; train it with: vocalsep train {output}")


def _told(look: Fingerprint, chosen: Plan, classes: str) -> str:
    from vocalsep.commands._table import table

    sizes, spacings = list(zip(*look.shapes, strict=True)), list(zip(*look.spacings, strict=True))
    strides = " ".join(_by(stride) for stride in chosen.strides)
    return table(
        [
            ["examples", str(len(look.shapes))],
            ["size", f"{_by(map(min, sizes))} to {_by(map(max, sizes))}"],
            ["spacing", f"{_by(map(min, spacings))} to {_by(map(max, spacings))}"],
            ["channels", str(look.in_channels)],
            ["classes", f"{look.out_channels}: {classes}"],
            ["target spacing", _by(chosen.spacing)],
            ["patch", _by(chosen.patch)],
            ["batch", str(chosen.batch_size)],
            ["strides", strides],
        ]
    )


def _by(numbers: Iterable[float]) -> str:
    return " × ".join(f"{number:g}" for number in numbers)


def _count_on_terminal(done: int, total: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{done}/{total} examples", err=True, nl=done == total)
