"""`vocalsep networks`: list, describe and measure the networks that recipes can name."""

from __future__ import annotations

import inspect
import json
from dataclasses import asdict

import click

from vocalsep.commands._table import table


@click.command("networks")
@click.argument("name", required=False)
@click.option("--draw", is_flag=True, help="Print how NAME is composed, as a Mermaid diagram.")
@click.option("--measure", is_flag=True, help="Run NAME, or all: speed and memory on this machine.")
@click.option("--bins", default=512, show_default=True, help="Frequency bins to measure with.")
@click.option("--frames", default=128, show_default=True, help="Frames to measure with.")
@click.option("--threads", default=2, show_default=True, help="Threads to measure with.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    name: str | None,
    draw: bool,
    measure: bool,
    bins: int,
    frames: int,
    threads: int,
    as_json: bool,
) -> None:
    """List the networks that `backbone.name` of a recipe can be, or describe NAME.

    The number of parameters is that of the documented configuration (channels in → out); in
    brackets where nobody documents one. --measure runs each as a mask estimator in float32: one
    stereo spectrogram of --bins × --frames with hops of 1024 samples at 44100 Hz. Speed is
    processor time over threads, which other work on the machine hardly changes; memory is the peak
    of weights and features.
    """
    if measure:
        _measure(name, (bins, frames, threads), as_json)
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


def _measure(name: str | None, numbers: tuple[int, int, int], as_json: bool) -> None:
    from vocalsep.backbones import BACKBONES
    from vocalsep.bench.networks import Size, measure_all
    from vocalsep.bench.report import machine

    if name is not None:
        BACKBONES.get(name)
    bins, frames, threads = numbers
    size = Size(bins, frames, threads=threads)
    found = list(measure_all([name] if name else BACKBONES.names(), size))
    facts = {**machine(), "bins": bins, "frames": frames, "threads": threads}
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
