"""A count-in comes before the song, moves everything by whole seconds and changes nothing else."""

from __future__ import annotations

import zipfile
from pathlib import Path

import mutagen
import numpy as np

from tests.helpers.reading import RATE, read
from tests.karaoke.songs import karaoke, listing, write_sound
from vocalsep.karaoke.take import click


def test_the_song_follows_sample_by_sample(here: Path) -> None:
    write_sound(here / "so.wav")
    for seconds in (0, 3):
        assert karaoke("so.wav", "--count-in", str(seconds), "-o", f"by{seconds}").exit_code == 0
    plain, made = (read(here / f"by{seconds}" / "so (Karaoke).wav") for seconds in (0, 3))
    np.testing.assert_array_equal(made[:, 3 * RATE :], plain)
    for second in range(3):
        heard = made[:, second * RATE : (second + 1) * RATE]
        np.testing.assert_allclose(heard, click(RATE, 2), atol=2**-16)


def test_a_click_is_short_and_not_too_loud() -> None:
    tone = click(RATE, 1)[0]
    assert tone.shape == (RATE,)
    assert 0.2 < np.abs(tone).max() < 0.5
    assert not tone[RATE // 8 :].any()


def test_graphics_wait_as_long(here: Path) -> None:
    """A .cdg has 300 packets of 24 bytes a second; empty ones are skipped by players."""
    graphics = bytes(range(1, 25)) * 150
    write_sound(here / "so.mp3")
    (here / "so.cdg").write_bytes(graphics)
    assert karaoke("so.mp3", "--count-in", "2").exit_code == 0
    with zipfile.ZipFile(here / "karaoke" / "so.zip") as archive:
        assert archive.testzip() is None
        assert archive.read("so.cdg") == bytes(2 * 300 * 24) + graphics
        archive.extract("so.mp3", here / "out")
    assert read(here / "out" / "so.mp3").shape[1] == read(here / "so.mp3").shape[1] + 2 * RATE


def test_words_wait_as_long(here: Path) -> None:
    song = mutagen.File(write_sound(here / "so.flac"))
    song["lyrics"] = ["[00:00.10]La\n[00:00.40]laa"]
    song.save()
    assert karaoke("so.flac", "--tempo", "50", "--count-in", "4").exit_code == 0
    wanted = "[00:04.20]La\n[00:04.80]laa"
    assert (here / "karaoke" / "so (Karaoke).lrc").read_text() == wanted
    assert mutagen.File(here / "karaoke" / "so (Karaoke).flac")["lyrics"] == [wanted]


def test_words_in_a_video_wait_as_long(here: Path) -> None:
    write_sound(here / "so.wav")
    (here / "so.lrc").write_text("[00:00.10]La\n[00:00.40]laa\n")
    assert karaoke("so.wav", "--make", "video", "--count-in", "2").exit_code == 0
    assert listing(here / "karaoke") == ["so (Karaoke).ass", "so (Karaoke).mp4"]
    words = (here / "karaoke" / "so (Karaoke).ass").read_text()
    assert r"0:00:01.10,0:00:02.40,Default,,0,0,0,,{\k100}{\kf30}La" in words
    assert abs(read(here / "karaoke" / "so (Karaoke).mp4").shape[1] - (2 * RATE + 22_050)) < 1100
