"""MP3+G: archives that players open, with the graphics untouched."""

from __future__ import annotations

import zipfile
from pathlib import Path

import mutagen
import numpy as np
import pytest

from tests.helpers.reading import lag, read
from tests.karaoke.songs import events, karaoke, listing, loudness, snapshot, write_sound

GRAPHICS = np.random.default_rng(3).integers(0, 64, 24 * 300, dtype=np.uint8).tobytes()


def write_pair(folder: Path, base: str = "so", sound: str = ".mp3") -> list[Path]:
    graphics = folder / f"{base}.cdg"
    folder.mkdir(parents=True, exist_ok=True)
    graphics.write_bytes(GRAPHICS)
    return [write_sound(folder / f"{base}{sound}"), graphics]


def write_archive(path: Path, files: list[Path], folder: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, folder + file.name)
    return path


def check(path: Path, here: Path, song: Path) -> None:
    """One sound file and one .cdg at top level; same graphics, quieter sound at lag 0."""
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["so.mp3", "so.cdg"]
        assert archive.read("so.cdg") == GRAPHICS
        assert archive.testzip() is None
        archive.extract("so.mp3", here / "out")
    made = read(here / "out" / "so.mp3")
    original = read(song)
    assert made.shape == original.shape
    assert lag(made, original) == 0
    assert loudness(made) == pytest.approx(0.5 * loudness(original), rel=0.01)
    assert mutagen.File(here / "out" / "so.mp3").tags["TIT2"].text[0].endswith("(Karaoke)")


@pytest.mark.parametrize("names", [["lib/so.mp3"], ["lib/so.cdg"], ["lib"], ["lib/so.mp3", "lib"]])
def test_a_pair(here: Path, names: list[str]) -> None:
    song, _ = write_pair(here / "lib")
    result = karaoke(*names, "--json")
    assert result.exit_code == 0, result.output
    assert len(events(result, "done")) == 1
    assert {event["source"] for event in events(result, "progress")} == {str(Path("lib/so.mp3"))}
    assert listing(here / "karaoke") == ["so.zip"]
    check(here / "karaoke" / "so.zip", here, song)


def test_an_archive_with_a_folder_in_it(here: Path) -> None:
    pair = write_pair(here / "files")
    write_archive(here / "Party.zip", pair, folder="disc 1/")
    result = karaoke("Party.zip", "--json")
    assert result.exit_code == 0, result.output
    assert {event["source"] for event in events(result, "progress")} == {"Party.zip"}
    check(here / "karaoke" / "Party.zip", here, pair[0])
    assert karaoke("Party.zip", "--json", "--skip-existing").stdout.count('"skipped"') == 1


def test_archives_without_graphics_are_left_alone(here: Path) -> None:
    pair = write_pair(here / "files")
    write_archive(here / "lib.zip", pair[:1])
    (here / "lib").mkdir()
    (here / "lib.zip").rename(here / "lib" / "backup.zip")
    result = karaoke("lib")
    assert result.exit_code == 2
    assert "no songs" in result.stderr


def bad_archives(here: Path) -> dict[str, str]:
    """Name → words of its error."""
    mp3, cdg = write_pair(here / "files")
    other, _ = write_pair(here / "files", "other")
    write_archive(here / "pictures.zip", [cdg])
    write_archive(here / "two.zip", [mp3, other, cdg])
    write_archive(here / "names.zip", [other, cdg])
    (here / "broken.zip").write_bytes(b"PK no")
    (here / "alone.cdg").write_bytes(GRAPHICS)
    return {
        "pictures.zip": "0 sound files and 1 .cdg",
        "two.zip": "2 sound files and 1 .cdg",
        "names.zip": "differ in name",
        "broken.zip": "not a .zip",
        "alone.cdg": "no alone.mp3 beside it",
        "gone.cdg": "no gone.mp3 beside it",
    }


def test_refused_in_one_line(here: Path) -> None:
    for name, words in bad_archives(here).items():
        before = snapshot(here)
        result = karaoke(name)
        assert result.exit_code == 2, name
        assert words in result.stderr
        assert len(result.stderr.splitlines()) == 1
        assert snapshot(here) == before


def test_tempo_would_leave_the_graphics_behind(here: Path) -> None:
    write_pair(here)
    result = karaoke("so.mp3", "--tempo", "90")
    assert result.exit_code == 2
    assert "--tempo cannot be used" in result.stderr
