"""`vocalsep watch`: separate songs as they appear."""

from __future__ import annotations

from pathlib import Path

import click

from vocalsep.commands._options import json_option, run_options, separator_option


@click.command("watch")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option(
    "--layout",
    type=click.Choice(["plain", "ultrastar", "openhomekaraoke"]),
    default="plain",
    show_default=True,
    help="How songs lie in DIR, and where their stems go.",
)
@click.option(
    "--settle",
    "settle_s",
    type=click.FloatRange(min=0),
    default=3.0,
    show_default=True,
    metavar="S",
    help="Take files that have not changed for so long.",
)
@click.option(
    "--every",
    "every_s",
    type=click.FloatRange(min=0.1),
    default=2.0,
    show_default=True,
    metavar="S",
    help="Look so often.",
)
@click.option("--once", is_flag=True, help="Stop when nothing is left to do.")
@separator_option
@run_options
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    folder: Path,
    layout: str,
    settle_s: float,
    every_s: float,
    once: bool,
    model: str,
    quality: str,
    device: str,
    threads: int | None,
    json: bool,
) -> None:
    """Separate songs as they appear in DIR, until Ctrl-C.

    plain: `vocalsep karaoke` of each file, into DIR/karaoke. ultrastar: each text gains its
    stems. openhomekaraoke: nonvocal/ and vocal/ beside the songs. What is done is remembered in
    DIR; a song that fails is tried again three times, and then when it changes.
    """
    from vocalsep.inference.options import RunOptions
    from vocalsep.karaoke.watch_run import WatchOptions, run_watch

    run = RunOptions(device, quality, threads)
    options = WatchOptions(folder, layout, model, settle_s, every_s, once, json, run)
    ctx.exit(run_watch(options))
