"""`vocalsep karaoke`: songs in, what karaoke programs open out."""

from __future__ import annotations

import click

from vocalsep.audio.formats import FORMATS
from vocalsep.commands._options import (
    dry_run_option,
    json_option,
    recursive_option,
    run_options,
    separator_option,
)
from vocalsep.inference.options import RunOptions
from vocalsep.karaoke.options import DEFAULT_OUTPUT, KaraokeOptions, Make, Tracks, Treatment


@click.command("karaoke")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "-o",
    "--output",
    default=DEFAULT_OUTPUT,
    show_default=True,
    metavar="DIR",
    help="Output folder; UltraStar songs stay where they are.",
)
@separator_option
@click.option(
    "--make",
    type=click.Choice(["auto", "video", "stems"]),
    default="auto",
    show_default=True,
    help="auto: what the input is; video: picture and synced lyrics; stems: a .stem.mp4 for DJs.",
)
@click.option(
    "--format",
    type=click.Choice(list(FORMATS)),
    help="Format of the sound; the source's by default.",
)
@click.option(
    "--name",
    "template",
    metavar="TEMPLATE",
    help="Output names below DIR, e.g. '{folder}/{track} (Karaoke).{ext}'.",
)
@click.option(
    "--guide", "guide_db", type=float, metavar="DB", help="Mix the voice back in, e.g. at -12 dB."
)
@click.option(
    "--key",
    type=click.FloatRange(-12, 12),
    default=0.0,
    metavar="N",
    help="Semitones up, or down if negative.",
)
@click.option(
    "--tempo",
    type=click.FloatRange(50, 200),
    default=100.0,
    metavar="PERCENT",
    help="Speed; 90 is slower.",
)
@click.option(
    "--count-in",
    "count_in_s",
    type=click.IntRange(0, 60),
    default=0,
    metavar="S",
    help="Seconds before the song, with a click each.",
)
@click.option(
    "--tracks",
    type=click.Choice(["instrumental", "both"]),
    default="instrumental",
    show_default=True,
    help="Sound of a video: both keeps the original beside it.",
)
@click.option(
    "--force",
    is_flag=True,
    help="Replace UltraStar tags and stems that are there; also treat instrumentals.",
)
@recursive_option
@click.option("--skip-existing", is_flag=True, help="Skip songs that are up to date.")
@run_options
@json_option
@dry_run_option
@click.pass_context
def command(
    ctx: click.Context,
    inputs: tuple[str, ...],
    output: str,
    model: str,
    make: Make,
    format: str | None,
    template: str | None,
    guide_db: float | None,
    key: float,
    tempo: float,
    count_in_s: int,
    tracks: Tracks,
    force: bool,
    recursive: bool,
    skip_existing: bool,
    quality: str,
    device: str,
    threads: int | None,
    json: bool,
    dry_run: bool,
) -> None:
    """Turn songs into karaoke material.

    INPUT is a sound file (becomes its instrumental), a video (keeps its pictures), an MP3+G pair
    or archive (keeps its .cdg), an UltraStar song or its folder (gains #VOCALS and
    #INSTRUMENTAL), or a folder of any of these. Everything lies where the song lies, as loud as
    in the song.

    Exit code: 0 all done, 1 some failed, 2 nothing could start.
    """
    from vocalsep.karaoke.batch import run_karaoke

    options = KaraokeOptions(
        inputs=inputs,
        output=output,
        model=model,
        make=make,
        format=format,
        template=template,
        treatment=Treatment(guide_db, key, tempo, count_in_s),
        tracks=tracks,
        force=force,
        recursive=recursive,
        skip_existing=skip_existing,
        json=json,
        dry_run=dry_run,
        run=RunOptions(device, quality, threads),
    )
    ctx.exit(run_karaoke(options))
