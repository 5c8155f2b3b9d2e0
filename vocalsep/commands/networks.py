"""`vocalsep networks`: list, describe, measure and compare the networks that recipes can name."""

from __future__ import annotations

import inspect
import json
from dataclasses import asdict
from pathlib import Path

import click

from vocalsep.commands._networks_measured import Asked, print_compared, print_measured
from vocalsep.commands._table import table


@click.command("networks")
@click.argument("name", required=False)
@click.option("--encoders", is_flag=True, help="List the encoders that networks can be built on.")
@click.option("--draw", is_flag=True, help="Print how NAME is composed, as a Mermaid diagram.")
@click.option("--measure", is_flag=True, help="Run NAME, or all: speed and memory on this machine.")
@click.option(
    "--runs",
    type=click.Path(path_type=Path),
    help="Compare what was trained: every run in this folder, by score.",
)
@click.option("--bins", default=512, show_default=True, help="Frequency bins to measure with.")
@click.option("--frames", default=128, show_default=True, help="Frames to measure with.")
@click.option("--threads", default=2, show_default=True, help="Threads to measure with.")
@click.option("--rounds", default=2, show_default=True, help="Turns of each; the fastest counts.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    name: str | None,
    encoders: bool,
    draw: bool,
    measure: bool,
    runs: Path | None,
    bins: int,
    frames: int,
    threads: int,
    rounds: int,
    as_json: bool,
) -> None:
    """List the networks that `backbone.name` of a recipe can be, or describe NAME.

    The number of parameters is that of the documented configuration (channels in → out); in
    brackets where nobody documents one. --measure runs each as a mask estimator in float32: one
    stereo spectrogram of --bins × --frames with hops of 1024 samples at 44100 Hz. Speed is by the
    clock on the wall, so leave the machine alone meanwhile; memory is the peak of weights and
    features. --runs shows the mean SDR of the targets over the validation songs.
    """
    if runs is not None:
        print_compared(runs, threads, as_json)
    elif measure:
        print_measured(name, Asked(bins, frames, threads, rounds), as_json)
    elif encoders:
        _list_encoders(as_json)
    elif name is None:
        _list(as_json)
    elif draw:
        _draw(name)
    else:
        _describe(name, as_json)


def _list(as_json: bool) -> None:
    from vocalsep.backbones.listing import facts

    rows = facts()
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2, ensure_ascii=False))
        return
    cells = [["name", "family", "nd", "parameters", "in → out", "paper"]]
    for row in rows:
        count = f"{row.n_parameters:,}" if row.documented else f"({row.n_parameters:,})"
        nd = ",".join(map(str, row.ndims))
        channels = f"{row.channels[0]} → {row.channels[1]}"
        cells.append([row.name, row.family, nd, count, channels, row.paper])
    click.echo(table(cells))


def _list_encoders(as_json: bool) -> None:
    from vocalsep.backbones.listing import encoder_facts

    rows = encoder_facts()
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2, ensure_ascii=False))
        return
    cells = [["name", "parameters", "channels", "strides", "paper"]]
    for row in rows:
        channels, strides = (" ".join(map(str, each)) for each in (row.channels, row.strides))
        cells.append([row.name, f"{row.n_parameters:,}", channels, strides, row.paper])
    click.echo(table(cells))


def _describe(name: str, as_json: bool) -> None:
    """Docstring, parameters of the constructor, documented counts and parts."""
    from vocalsep.backbones import BACKBONES
    from vocalsep.backbones.listing import composition, on_meta, signature

    network = BACKBONES.get(name)
    defaults = {
        key: "required" if value is inspect.Parameter.empty else repr(value)
        for key, value in signature(name).items()
    }
    parts = list(composition(on_meta(name, (2, 2), {})))
    if as_json:
        known = {
            "name": name,
            **asdict(network.about),
            "parameters": defaults,
            "parts": [{"path": path, "class": kind, "n_parameters": n} for path, kind, n in parts],
        }
        click.echo(json.dumps(known, indent=2, ensure_ascii=False))
        return
    click.echo(f"{name}: {inspect.getdoc(network)}\n")
    click.echo(table([["parameter", "default"], *map(list, defaults.items())]))
    for each in network.about.references:
        given = f" with {dict(each.params)}" if each.params else ""
        channels = f"{each.in_channels} → {each.out_channels}"
        click.echo(
            f"\n{each.n_parameters:,} parameters, {channels}{given} ({each.source})", nl=False
        )
    click.echo("\n\nParts of the default configuration, 2 → 2 channels:\n")
    rows = [["  " * path.count(".") + path, kind, f"{count:,}"] for path, kind, count in parts]
    click.echo(table([["part", "class", "parameters"], *rows]))


def _draw(name: str) -> None:
    from vocalsep.backbones.listing import diagram, on_meta

    click.echo(diagram(on_meta(name, (2, 2), {})))
