"""The command lines that UltraStar Play and others already know."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.helpers.reading import lag, read
from tests.karaoke.songs import listing, snapshot, write_sound
from vocalsep.karaoke.spleeter import command

# As UltraStar Play and SpleeterSharp read the output.
WRITTEN = re.compile(r"INFO:spleeter:File\s(.*)\swritten")
ERROR = re.compile(r"ERROR:spleeter:(.*)|Error: (.*)")


def spleeter(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [*map(str, arguments)])


def test_as_ultrastar_play_calls_it(here: Path) -> None:
    song = write_sound(here / "my song.ogg")
    result = spleeter(song, "-o", here / "out" / "my song.ogg", "--overwrite")
    assert result.exit_code == 0, result.output
    title, *paths = result.stdout.splitlines()
    assert title == "Output files:"
    assert [Path(path).name for path in paths] == [
        "my song.vocals.ogg",
        "my song.accompaniment.ogg",
    ]
    for path in paths:
        assert lag(read(Path(path)), read(song)) == 0
    assert not WRITTEN.search(result.stdout)


def test_as_spleeter_is_called(here: Path) -> None:
    for name in ("a", "b"):
        write_sound(here / f"{name}.wav")
    result = spleeter(
        "separate", "-p", "spleeter:2stems", "-c", "mp3", "-o", "out", "a.wav", "b.wav"
    )
    assert result.exit_code == 0, result.output
    paths = WRITTEN.findall(result.stdout)
    assert sorted(paths) == sorted(
        str(Path("out") / song / f"{stem}.mp3")
        for song in "ab"
        for stem in ("vocals", "accompaniment")
    )
    assert listing(here / "out" / "a") == ["accompaniment.mp3", "vocals.mp3"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["gone.mp3", "-o", "x.ogg"], "gone.mp3"),
        (["so.wav", "-o", "x.xyz"], "expected a name ending in"),
        (["so.wav", "so.wav", "-o", "x.ogg"], "expected one"),
        (["so.wav", "-o", "there.wav"], "--overwrite"),
        (["separate", "-p", "spleeter:5stems", "-o", "x", "so.wav"], "only spleeter:2stems"),
    ],
)
def test_errors_are_found(here: Path, arguments: list[str], words: str) -> None:
    write_sound(here / "so.wav")
    (here / "there.vocals.wav").write_bytes(b"mine")
    before = snapshot(here)
    result = spleeter(*arguments)
    assert result.exit_code == 1
    match = ERROR.search(result.stdout)
    assert match
    assert words in match[1]
    assert snapshot(here) == before
