"""The two tables of `vocalsep networks` that take time: what networks cost, what they came to."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import click

from vocalsep.commands._table import table

T = TypeVar("T")


@dataclass(frozen=True)
class Asked:
    """What networks are measured with, as on the command line."""

    bins: int
    frames: int
    threads: int
    rounds: int


def print_measured(name: str | None, asked: Asked, as_json: bool) -> None:
    """Speed and memory of one network, or of all.

    Raises:
        RecipeError: no such network.
    """
    from vocalsep.backbones import BACKBONES
    from vocalsep.bench.networks import Size, fastest, measure_all
    from vocalsep.bench.report import load_average, machine

    names = BACKBONES.names()
    if name is not None:
        BACKBONES.get(name)
        names = [name]
    size = Size(asked.bins, asked.frames, threads=asked.threads)
    facts = {**machine(), **asdict(asked), "load before": load_average()}
    found = fastest(_with_bar(measure_all(names, size, asked.rounds), asked.rounds * len(names)))
    if as_json:
        results = [asdict(each) for each in found]
        click.echo(json.dumps({"machine": facts, "results": results}, indent=2))
        return
    click.echo(", ".join(f"{key} {value}" for key, value in facts.items()))
    cells = [["name", "parameters", "x real time", "MB"]]
    for each in found:
        if each.failed:
            cells.append([each.name, "-", "-", each.failed])
        else:
            memory = "-" if each.memory_mb is None else f"{each.memory_mb:.0f}"
            cells.append([each.name, f"{each.n_parameters:,}", f"{each.x_real_time:.1f}", memory])
    click.echo(table(cells))


def print_compared(folder: Path, threads: int, as_json: bool) -> None:
    """Size, speed and score of every run in a folder, the best first.

    Raises:
        DataError: there is no run.
        ModelError: a model is damaged, or does not separate.
    """
    from vocalsep.bench.report import load_average, machine
    from vocalsep.bench.runs import compare, run_models

    models = run_models(folder)
    facts = {**machine(), "threads": threads, "load before": load_average()}
    found = list(_with_bar(compare(models, threads), len(models)))
    found.sort(key=lambda each: -1e9 if each.sdr_db is None else each.sdr_db, reverse=True)
    if as_json:
        results = [asdict(each) for each in found]
        click.echo(json.dumps({"machine": facts, "results": results}, indent=2))
        return
    click.echo(", ".join(f"{key} {value}" for key, value in facts.items()))
    cells = [["run", "network", "parameters", "examples", "x real time", "SDR dB"]]
    for each in found:
        score = "-" if each.sdr_db is None else f"{each.sdr_db:.2f}"
        counts = [f"{each.n_parameters:,}", str(each.n_examples)]
        cells.append([each.run, each.network, *counts, f"{each.x_real_time:.1f}", score])
    click.echo(table(cells))


def _with_bar(work: Iterable[T], length: int) -> Iterable[T]:
    """The same, with a bar on standard error where that is a terminal."""
    with click.progressbar(work, length=length, file=sys.stderr) as bar:
        yield from bar
