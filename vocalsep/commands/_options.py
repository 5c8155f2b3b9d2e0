"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from vocalsep.inference.quality import QUALITIES


def model_option(default: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Which model; `default` is the name of a shipped one."""
    return click.option(
        "-m",
        "--model",
        default=default,
        show_default=True,
        metavar="NAME|PATH",
        help="Model name or file.",
    )


separator_option = model_option("vocals")

quality_option = click.option(
    "--quality",
    type=click.Choice(list(QUALITIES)),
    default="normal",
    show_default=True,
    help="Trade speed for quality.",
)

device_option = click.option(
    "--device",
    default="auto",
    show_default=True,
    metavar="auto|cpu|cuda|mps",
    help="Where the network runs.",
)

threads_option = click.option(
    "--threads", type=click.IntRange(min=1), metavar="N", help="CPU threads."
)

recursive_option = click.option(
    "--recursive", is_flag=True, help="Also take the folders inside folders."
)

json_option = click.option("--json", is_flag=True, help="Print one JSON event per line.")

dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Print what would be written and stop."
)


def run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How a network runs: --quality, --device, --threads."""
    for option in (threads_option, device_option, quality_option):
        command = option(command)
    return command
