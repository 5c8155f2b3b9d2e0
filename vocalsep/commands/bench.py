"""`vocalsep bench`: measure speed and memory on this machine."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from vocalsep.bench.jobs import Setting
from vocalsep.bench.report import MEASURES, machine, measures_of
from vocalsep.commands._options import quality_option
from vocalsep.commands._table import table


@click.command("bench")
@click.option("-m", "--model", default="vocals", show_default=True, help="Name or path.")
@click.option(
    "--only",
    "measures",
    multiple=True,
    type=click.Choice(list(MEASURES)),
    help="Measure only this; may be given more than once.",
)
@click.option(
    "--minutes",
    multiple=True,
    type=click.IntRange(min=1),
    default=(3, 30),
    show_default=True,
    help="Length of the song for the memory measure; may be given more than once.",
)
@click.option("--recipe", help="Recipe of the training measure [default: that of the model].")
@quality_option
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads of the network.")
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON.")
def command(
    model: str,
    measures: tuple[str, ...],
    minutes: tuple[int, ...],
    recipe: str | None,
    quality: str,
    device: str,
    threads: int | None,
    as_json: bool,
) -> None:
    """Measure speed and memory on this machine, with synthetic songs and pictures.

    network: the network alone on chunks in memory, float32 and bfloat16. files: from one file
    to two. cold: a 10 s clip from the prompt. memory: the peak of a process that separates a
    long file. help: `vocalsep --help`. training: steps of the trainer in one process and in
    two, with its loader and with one batch again and again. evaluation: BSS Eval v4 of a song,
    and museval beside it where it is installed. live: how long an impulse takes through
    `vocalsep live` at real-time pace, the longest of eight. pictures: from pixels to labels, of
    a model that segments (-m camvid). Everything runs in fresh processes;
    times are medians.
    """
    setting = Setting(model, quality, device, threads, minutes, recipe)
    asked = {"model": model, "quality": quality, "device": device, "threads": threads or "auto"}
    facts = {**machine(), **asked}
    results = [
        result for name in measures or measures_of(model) for result in MEASURES[name](setting)
    ]
    if as_json:
        found = [asdict(result) for result in results]
        click.echo(json.dumps({"machine": facts, "results": found}, indent=2))
    else:
        rows = [[result.name, f"{result.value:.2f}", result.unit] for result in results]
        click.echo(", ".join(f"{key} {value}" for key, value in facts.items()))
        click.echo(table([["measured", "value", "unit"], *rows]))
