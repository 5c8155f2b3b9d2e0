"""The command line: one lazy table from command name to the module that holds it.

Command modules are imported only when their command runs (or its help is shown), and import
torch only inside the command, so `vocalsep --help` stays instant. `main` turns every
VocalsepError into one line on standard error and exit code 2.
"""

from __future__ import annotations

import io
import sys
from importlib import import_module

import click

from vocalsep import __version__
from vocalsep.errors import VocalsepError
from vocalsep.heap import keep_freed_memory

# command -> (module, one-line help shown by `vocalsep --help` without importing the module)
COMMANDS = {
    "separate": ("vocalsep.commands.separate", "Take songs apart into vocals and accompaniment."),
    "karaoke": ("vocalsep.commands.karaoke", "Turn songs into karaoke material."),
    "live": ("vocalsep.commands.live", "Take the voice out of whatever is playing."),
    "watch": ("vocalsep.commands.watch", "Separate songs as they appear in a folder."),
    "segment": ("vocalsep.commands.segment", "Say of every pixel of pictures what it shows."),
    "verify": ("vocalsep.commands.verify", "Null test and alignment test on written stems."),
    "models": ("vocalsep.commands.models", "List, show and verify the models."),
    "evaluate": ("vocalsep.commands.evaluate", "Score a model on songs with true stems."),
    "train": ("vocalsep.commands.train", "Train a model from a recipe."),
    "data": ("vocalsep.commands.data", "Prepare training data."),
    "networks": ("vocalsep.commands.networks", "List, describe and measure the networks."),
    "bench": ("vocalsep.commands.bench", "Measure speed and memory on this machine."),
    "doctor": ("vocalsep.commands.doctor", "Print versions, devices and what is missing."),
}


class LazyGroup(click.Group):
    """A click group that imports a command's module on first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="vocalsep")
def cli() -> None:
    """Take the voice out of any song."""


def main() -> None:
    """Run the command line; exit 2 with one line for errors raised on purpose."""
    for stream in (sys.stdout, sys.stderr):
        # Names of songs may not fit the terminal's encoding: show them escaped, do not fail.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    keep_freed_memory()
    try:
        cli(standalone_mode=True)
    except VocalsepError as error:
        click.echo(f"vocalsep: {error}", err=True)
        sys.exit(2)
