"""`vocalsep data pictures`: look through pictures and label maps."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vocalsep.commands._data_report import findings
from vocalsep.commands._table import table

if TYPE_CHECKING:
    from vocalsep.data.pictures.check import PictureFacts, PictureReport


@click.command(epilog="Layouts: see `vocalsep data layouts`.")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--layout", default="", help="How the set lies; guessed if not given.")
@click.option("--split", default="", help='Part of the set, or "train+val"; all if not given.')
@click.option(
    "--class",
    "classes",
    multiple=True,
    metavar="NAME",
    help="A class, in the order of the labels; all that the set names if not given.",
)
@click.option(
    "--ignore",
    multiple=True,
    type=click.IntRange(0),
    metavar="N",
    help="A value of label maps that is no class.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=os.cpu_count() or 1,
    show_default=True,
    help="Processes.",
)
def pictures(
    data: Path,
    layout: str,
    split: str,
    classes: tuple[str, ...],
    ignore: tuple[int, ...],
    as_json: bool,
    workers: int,
) -> None:
    """Decode all pictures and label maps of DATA and tell what is wrong with them.

    Prints the share of every class, and weights for a loss that make up for rare ones. The exit
    code is 1 if something must be mended.
    """
    from vocalsep.data.pictures.check import check_pictures, every_split
    from vocalsep.data.pictures.layouts import Wanted, guess_picture_layout

    if not layout:
        layout = guess_picture_layout(data)
        click.echo(f"{data}: taken for the layout {layout} (--layout says otherwise)", err=True)
    sets = every_split(data, layout, Wanted(split, classes, ignore))
    report = check_pictures(sets, workers, _count_on_terminal)
    click.echo(_as_json(report) if as_json else "\n".join(_lines(report)))
    sys.exit(1 if report.problems else 0)


def _lines(report: PictureReport) -> Iterator[str]:
    """What is there, classes, remarks, problems: the worst last."""
    summary = report.summary()
    heading = ["split", "pictures", "sizes", "smallest", "largest", "void"]
    yield table([heading, *(_cells(split, row) for split, row in summary.items())])
    yield ""
    yield table([["class", *summary, "median frequency", "ENet"], *_class_rows(report)])
    yield from findings(report.remarks, report.problems)


def _cells(split: str, row: dict[str, Any]) -> list[str]:
    smallest, largest = (" × ".join(map(str, row[key])) or "–" for key in ("smallest", "largest"))
    return [split, str(row["pictures"]), str(row["sizes"]), smallest, largest, f"{row['void']:.2%}"]


def _class_rows(report: PictureReport) -> Iterator[list[str]]:
    """Share of each class in each split, and its weights by the first split."""
    rows = [row["classes"] for row in report.summary().values()]
    weights = _weights(report)
    for index, name in enumerate(report.classes):
        shares = [row[name] for row in rows]
        if any(shares):
            columns = [f"{weights[kind][index]:.3g}" for kind in ("median_frequency", "enet")]
            yield [name, *(f"{share:.3%}" for share in shares), *columns]


def _weights(report: PictureReport) -> dict[str, list[float]]:
    """Kind -> weight of each class, by the first split, which is the one to train on."""
    import numpy as np

    from vocalsep.data.pictures.counts import enet_weights, median_frequency_weights

    first = next(iter(report.facts))
    good = [facts.counts for facts in report.facts[first] if not facts.error]
    counts = np.array(good, np.int64).reshape(-1, len(report.classes))
    return {
        "median_frequency": median_frequency_weights(counts).tolist(),
        "enet": enet_weights(counts.sum(axis=0)).tolist(),
    }


def _as_json(report: PictureReport) -> str:
    return json.dumps(
        {
            "ok": not report.problems,
            "classes": report.classes,
            "summary": report.summary(),
            "weights": _weights(report),
            "problems": report.problems,
            "remarks": report.remarks,
            "pictures": {split: list(map(_plain, facts)) for split, facts in report.facts.items()},
        },
        indent=2,
    )


def _plain(facts: PictureFacts) -> dict[str, Any]:
    return asdict(facts) | {"counts": facts.counts.tolist(), "void": facts.void}


def _count_on_terminal(done: int, total: int) -> None:
    """A line that is written over; nothing where nobody watches."""
    if sys.stderr.isatty():
        click.echo(f"\r{done}/{total} pictures", err=True, nl=done == total)
