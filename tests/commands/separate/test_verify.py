"""`vocalsep verify` from the outside."""

from __future__ import annotations

from click.testing import CliRunner

from tests.helpers.separating import separate, write_song
from vocalsep.cli import cli


def test_verify_passes_and_fails() -> None:
    write_song("song.wav")
    separate("song.wav")
    result = CliRunner().invoke(cli, ["verify", "song.wav", "separated"])
    assert result.exit_code == 0, result.output
    assert "exactly zero" in result.stdout
    write_song("song.wav", seed=1)
    result = CliRunner().invoke(cli, ["verify", "song.wav", "separated"])
    assert result.exit_code == 1
    assert "at most" in result.stdout
