"""The shell: instant help, every command reachable, one line and an exit code for errors."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from vocalsep import __version__
from vocalsep.cli import COMMANDS, cli, main

HEAVY = ("torch", "soundfile", "av", "soxr", "omegaconf", "safetensors")


def all_commands() -> dict[str, click.Command]:
    """ "models show" -> its click command, for every command and subcommand."""
    found: dict[str, click.Command] = {}
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        found[name] = command
        for child, subcommand in getattr(command, "commands", {}).items():
            found[f"{name} {child}"] = subcommand
    return found


def test_help_loads_neither_torch_nor_codecs() -> None:
    """`vocalsep --help` is for people who wait at a prompt."""
    code = (
        "import sys\n"
        "from vocalsep.cli import cli\n"
        "cli(['--help'], standalone_mode=False)\n"
        "print('LOADED', *sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stdout.partition("LOADED")[2].split())
    assert "click" in loaded  # the listing works
    assert not loaded & set(HEAVY)


def test_help_of_every_command_does_not_load_torch() -> None:
    code = (
        "import sys\n"
        "from vocalsep.cli import COMMANDS, cli\n"
        "for name in COMMANDS:\n"
        "    cli([name, '--help'], standalone_mode=False)\n"
        "print('LOADED', *sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stdout.partition("LOADED")[2].split())
    assert "vocalsep.commands.separate" in loaded
    assert "torch" not in loaded


def test_help_names_every_command() -> None:
    output = CliRunner().invoke(cli, ["--help"]).output
    for name, (_, summary) in COMMANDS.items():
        assert name in output
        assert summary in output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert f" {name} " in result.output


def test_every_option_of_every_command_is_explained() -> None:
    for name, command in all_commands().items():
        assert command.help, name
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{name} {parameter.opts}"


def test_summaries_are_one_line_sentences() -> None:
    for name, (_, summary) in COMMANDS.items():
        assert summary.endswith("."), name
        assert len(summary) < 60, name


def test_version() -> None:
    result = CliRunner().invoke(cli, ["--version"])
    assert result.exit_code == 0
    assert result.output == f"vocalsep, version {__version__}\n"


@pytest.mark.parametrize("words", [["seperate"], ["--colour"]])
def test_unknown_words_are_usage_errors(words: list[str]) -> None:
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 2
    assert words[0] in result.output


def test_our_errors_become_one_line_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["vocalsep", "models", "show", "no-such-model"])
    with pytest.raises(SystemExit) as exit_info:
        main()
    assert exit_info.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("vocalsep: ")
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err
