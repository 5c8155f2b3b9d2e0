"""docs/karaoke.md tells the truth: its commands parse, its options exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

from tests.helpers.reading import RATE, read
from tests.karaoke.songs import write_sound
from vocalsep.cli import cli
from vocalsep.karaoke import spleeter
from vocalsep.karaoke.sliding import LATENCIES, HopGeometry

TEXT = (Path(__file__).parents[2] / "docs" / "karaoke.md").read_text(encoding="utf-8")


def calls() -> list[list[str]]:
    """The words after "vocalsep" wherever it is called, in blocks and in running text."""
    lines = re.findall(r"^```bash\n(.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)
    snippets = [line for block in lines for line in block.splitlines()]
    snippets += re.findall(r"`(vocalsep [^`\n]*)`", TEXT)
    found = []
    for snippet in snippets:
        for call in re.findall(r"(?:^|\| )vocalsep ([^|]*)", snippet):
            words = shlex.split(call, comments=True)
            if len(words) > 1 or words[0] == "live":
                found.append(words)
    return found


@pytest.mark.parametrize("words", calls(), ids=" ".join)
def test_every_command_line_parses(words: list[str]) -> None:
    command = cli.get_command(click.Context(cli), words[0])
    assert command is not None, words
    command.make_context(words[0], words[1:])


def test_options_in_the_text_exist() -> None:
    known = {option for parameter in spleeter.command.params for option in parameter.opts}
    for name in ("karaoke", "live", "watch", "separate", "bench"):
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        known |= {option for parameter in command.params for option in parameter.opts}
    prose = re.sub(r"^```.*?^```", "", TEXT, flags=re.MULTILINE | re.DOTALL)
    for option in re.findall(r"`[^`]*?(?<!-)(--[a-z][a-z-]+)[^`]*`", prose):
        assert option in known, option


@pytest.mark.slow
def test_the_measure_of_the_stream(here: Path) -> None:
    """The Python in the text runs, and writes what `vocalsep evaluate` takes."""
    (code,) = re.findall(r"^```python\n(.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)
    for stem in ("vocals", "accompaniment"):
        write_sound(here / "songs" / "so" / f"{stem}.flac", 2 * RATE)
    exec(code, {})  # our own text
    for name in LATENCIES:
        vocals, rest = (
            read(here / name / "so" / f"{stem}.wav") for stem in ("vocals", "accompaniment")
        )
        np.testing.assert_allclose(
            vocals + rest, 2 * read(here / "songs/so/vocals.flac"), atol=1e-6
        )
    words = "evaluate songs -e normal -e low --metrics energy --no-anchors --format json"
    result = CliRunner().invoke(cli, words.split())
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("name", LATENCIES)
def test_delays_are_those_of_the_code(name: str) -> None:
    delay_s = HopGeometry.at(LATENCIES[name], 48000).delay / 48000
    assert f"| `{name}` | {delay_s:.2f} s |" in TEXT


def test_the_command_tells_what_the_text_tells() -> None:
    """Delay and SDR of the voice, by setting."""
    table = re.findall(r"^\| `(\w+)` \| ([\d.]+ s) \| ([\d.]+ dB)", TEXT, flags=re.MULTILINE)
    assert [row[0] for row in table] == list(LATENCIES)
    told = " ".join(CliRunner().invoke(cli, ["live", "--help"]).output.split())
    for name, delay, sdr in table:
        assert re.search(rf"{name}: {delay}, (SDR )?{sdr}", told)
