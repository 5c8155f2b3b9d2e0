"""UltraStar songs: stems at lag 0 that add up, headers set, everything else as it was."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import mutagen
import numpy as np
import pytest
from click.testing import Result

from tests.helpers.reading import lag, read
from tests.karaoke.songs import events, karaoke, listing, snapshot, write_sound

HEAD = "#TITLE:So\r\n#ARTIST:We\r\n#MP3:so.{suffix}\r\n#FOO:bar\r\n#BPM:300\r\n"
NOTES = ": 0 4 10 La\r\nE\r\n"


def write_song(folder: Path, suffix: str = "wav", more: str = "", audio: bool = True) -> Path:
    path = folder / "so.txt"
    folder.mkdir(parents=True, exist_ok=True)
    if audio:
        write_sound(folder / f"so.{suffix}")
    path.write_bytes((HEAD.format(suffix=suffix) + more + NOTES).encode())
    return path


def karaoke_wav(*arguments: str | Path) -> Result:
    """With lossless stems, whose sum can be checked."""
    return karaoke(*arguments, "--format", "wav")


def test_a_folder(here: Path) -> None:
    text = write_song(here / "lib")
    before = text.read_bytes()
    result = karaoke_wav("lib", "--json")
    assert result.exit_code == 0, result.output
    assert listing(here / "lib") == ["so [INSTR].wav", "so [VOC].wav", "so.txt", "so.wav"]
    new = b"#VOCALS:so [VOC].wav\r\n#INSTRUMENTAL:so [INSTR].wav\r\n"
    assert text.read_bytes().replace(new, b"") == before
    song = read(here / "lib" / "so.wav")
    vocals, rest = (read(here / "lib" / f"so [{mark}].wav") for mark in ("VOC", "INSTR"))
    np.testing.assert_array_equal(vocals + rest, song)
    assert lag(vocals, song) == lag(rest, song) == 0
    (done,) = events(result, "done")
    assert sorted(done["outputs"]) == ["instrumental", "vocals"]


def test_lossy_songs_keep_their_format(here: Path) -> None:
    write_song(here, "ogg")
    assert karaoke("so.txt").exit_code == 0
    song, vocals = read(here / "so.ogg"), read(here / "so [VOC].ogg")
    assert vocals.shape == song.shape
    assert lag(vocals, song) == 0


@pytest.mark.parametrize("suffix", ["flac", "wav"])
def test_lossless_becomes_ogg_which_all_games_play(here: Path, suffix: str) -> None:
    write_song(here, suffix)
    assert karaoke("so.txt").exit_code == 0
    assert "so [VOC].ogg" in listing(here)


def test_a_library_and_what_is_done(here: Path) -> None:
    for name in ("a", "b"):
        write_song(here / "lib" / name)
    (here / "lib" / "b" / "license.txt").write_text("free")
    assert karaoke_wav("lib", "--recursive").exit_code == 0
    before = snapshot(here)
    result = karaoke_wav("lib", "--recursive", "--json")
    assert result.exit_code == 0
    assert len(events(result, "skipped")) == 2
    assert snapshot(here) == before


def test_tags_that_are_there_stay(here: Path) -> None:
    text = write_song(here, more="#INSTRUMENTAL:official.mp3\r\n")
    (here / "official.mp3").write_bytes(b"bought")
    assert karaoke_wav("so.txt").exit_code == 0
    assert listing(here) == ["official.mp3", "so [VOC].wav", "so.txt", "so.wav"]
    assert b"#INSTRUMENTAL:official.mp3\r\n" in text.read_bytes()
    assert karaoke_wav("so.txt", "--force").exit_code == 0
    assert b"#INSTRUMENTAL:so [INSTR].wav\r\n" in text.read_bytes()
    assert (here / "official.mp3").read_bytes() == b"bought"


def test_two_texts_share_one_sound(here: Path) -> None:
    text = write_song(here)
    shutil.copy(text, here / "duet.txt")
    result = karaoke_wav(here, "--json")
    assert result.exit_code == 0, result.output
    assert len(events(result, "done")) == 1
    assert text.read_bytes() == (here / "duet.txt").read_bytes()
    assert b"#VOCALS" in text.read_bytes()


def test_file_names_in_any_case(here: Path) -> None:
    write_song(here)
    os.rename(here / "so.wav", here / "SO.WAV")
    assert karaoke_wav("so.txt").exit_code == 0
    assert b"#VOCALS:SO [VOC].wav" in (here / "so.txt").read_bytes()


def test_replay_gain_goes_along(here: Path) -> None:
    write_song(here, "ogg")
    song = mutagen.File(here / "so.ogg")
    song["replaygain_track_gain"] = ["-7.20 dB"]
    song.save()
    assert karaoke("so.txt").exit_code == 0
    for mark in ("VOC", "INSTR"):
        assert mutagen.File(here / f"so [{mark}].ogg")["replaygain_track_gain"] == ["-7.20 dB"]


@pytest.mark.parametrize(
    ("more", "title", "words"),
    [
        ("", "So (Kar)", "already is an instrumental"),
        ("#INSTRUMENTAL:so.wav\r\n", "So", "already is an instrumental"),
        ("#AUDIO:gone.mp3\r\n", "So", "'gone.mp3' is not in its folder"),
        ("#AUDIO:/etc/so.mp3\r\n", "So", "is not in its folder"),
        ("#AUDIO:..\\so.mp3\r\n", "So", "is not in its folder"),
        ("#VOCALS:gone.mp3\r\n", "So", "--force makes it anew"),
    ],
)
def test_refused_in_one_line(here: Path, more: str, title: str, words: str) -> None:
    text = write_song(here / "lib", more=more)
    text.write_bytes(text.read_bytes().replace(b"So", title.encode(), 1))
    before = snapshot(here)
    result = karaoke("lib")
    assert result.exit_code == 2
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert snapshot(here) == before


def test_foreign_files_are_not_replaced(here: Path) -> None:
    write_song(here)
    (here / "so [VOC].wav").write_bytes(b"mine")
    before = snapshot(here)
    result = karaoke_wav("so.txt")
    assert result.exit_code == 2
    assert "not ours" in result.stderr
    assert snapshot(here) == before


@pytest.mark.parametrize("option", ["--guide=-12", "--key=2", "--tempo=90", "--count-in=4"])
def test_treatments_are_refused(here: Path, option: str) -> None:
    write_song(here)
    before = snapshot(here)
    result = karaoke("so.txt", option)
    assert result.exit_code == 2
    assert option.split("=", maxsplit=1)[0] in result.stderr
    assert snapshot(here) == before


def test_not_a_song(here: Path) -> None:
    (here / "words.txt").write_text("no headers")
    result = karaoke("words.txt")
    assert result.exit_code == 2
    assert "not an UltraStar song" in result.stderr
