"""`vocalsep live`: take the voice out of whatever is playing."""

from __future__ import annotations

import click

from vocalsep.commands._options import json_option, run_options, separator_option


@click.command("live")
@click.option(
    "--rate",
    type=click.IntRange(8000, 192000),
    default=44100,
    show_default=True,
    metavar="HZ",
    help="Sample rate of both pipes.",
)
@click.option(
    "--channels",
    type=click.IntRange(1, 8),
    default=2,
    show_default=True,
    metavar="N",
    help="Channels of both pipes.",
)
@click.option(
    "--pcm",
    type=click.Choice(["f32le", "s16le", "s32le"]),
    default="f32le",
    show_default=True,
    help="Number format of both pipes.",
)
@click.option(
    "--latency",
    type=click.Choice(["normal", "low"]),
    default="normal",
    show_default=True,
    help="normal: 1.45 s, SDR 7.4 dB; low: 0.28 s, 7.3 dB, three times the work.",
)
@click.option(
    "--stem",
    type=click.Choice(["instrumental", "vocals"]),
    default="instrumental",
    show_default=True,
    help="What comes out.",
)
@click.option(
    "--mix",
    "other_db",
    type=float,
    metavar="DB",
    help="Mix the other stem in at this level, e.g. -12.",
)
@separator_option
@run_options
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    rate: int,
    channels: int,
    pcm: str,
    latency: str,
    stem: str,
    other_db: float | None,
    model: str,
    quality: str,
    device: str,
    threads: int | None,
    json: bool,
) -> None:
    """Take the voice out of raw PCM from standard input, and write it to standard output.

    Everything comes out a constant time later, which is said on standard error, with the load
    every ten seconds. What the machine cannot do in time plays with its voice, and is counted.
    Without --threads the network has one thread, which other programs hold up least.
    """
    from vocalsep.inference.options import RunOptions
    from vocalsep.karaoke.live import Mix, Pcm
    from vocalsep.karaoke.live_run import LiveOptions, run_live

    other = 0.0 if other_db is None else 10.0 ** (other_db / 20.0)
    mix = Mix(1.0, other) if stem == "instrumental" else Mix(other, 1.0)
    run = RunOptions(device, quality, threads)
    options = LiveOptions(Pcm(rate, channels, pcm), mix, latency, model, run, json)
    ctx.exit(run_live(options))
