"""Options that several commands share."""

from __future__ import annotations

import click

from vocalsep.inference.quality import QUALITIES

quality_option = click.option(
    "--quality",
    type=click.Choice(list(QUALITIES)),
    default="normal",
    show_default=True,
    help="Trade speed for quality.",
)
