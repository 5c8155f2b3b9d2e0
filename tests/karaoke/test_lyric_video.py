"""Synced lyrics go along: as .lrc beside the sound, or as words in a video."""

from __future__ import annotations

import io
import re
from pathlib import Path

import av
import mutagen
import numpy as np
import pytest
from mutagen.id3 import APIC, SYLT, Encoding

from tests.helpers.reading import ffmpeg, lag, needs_ffmpeg, read
from tests.karaoke.songs import karaoke, listing, write_sound
from vocalsep.karaoke.picture import song_picture

LRC = "[ti:So]\r\n[00:00.10]Là\r\n[00:00.40]laa\r\n".encode("cp1252")


def png(colour: tuple[int, int, int]) -> bytes:
    data = io.BytesIO()
    with av.open(data, "w", format="image2pipe") as container:
        stream = container.add_stream("png", rate=1)
        stream.width = stream.height = 32
        stream.pix_fmt = "rgb24"
        frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), colour, np.uint8), format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return data.getvalue()


def test_lrc_beside_stays_beside(here: Path) -> None:
    write_sound(here / "so.wav")
    (here / "so.lrc").write_bytes(LRC)
    assert karaoke("so.wav").exit_code == 0
    assert listing(here / "karaoke") == ["so (Karaoke).lrc", "so (Karaoke).wav"]
    assert (here / "karaoke" / "so (Karaoke).lrc").read_bytes() == LRC


def test_tempo_takes_all_lyrics_along(here: Path) -> None:
    song = mutagen.File(write_sound(here / "so.flac"))
    song["lyrics"] = ["[00:00.10]La\n[00:00.40]laa"]
    song.save()
    assert karaoke("so.flac", "--tempo", "50").exit_code == 0
    wanted = "[00:00.20]La\n[00:00.80]laa"
    assert (here / "karaoke" / "so (Karaoke).lrc").read_text() == wanted
    assert mutagen.File(here / "karaoke" / "so (Karaoke).flac")["lyrics"] == [wanted]


def test_embedded_synced_lyrics_become_a_file(here: Path) -> None:
    song = mutagen.File(write_sound(here / "so.mp3"))
    song.add_tags()
    words = [("Hel", 100), ("lo", 250), ("\nyou", 400)]
    song.tags.add(SYLT(encoding=Encoding.UTF8, lang="eng", format=2, type=1, text=words))
    song.save()
    assert karaoke("so.mp3").exit_code == 0
    made = (here / "karaoke" / "so (Karaoke).lrc").read_text()
    assert made == "[00:00.10]<00:00.10>Hel<00:00.25>lo\n[00:00.40]you\n"


@needs_ffmpeg
def test_a_song_and_its_lrc_become_a_video(here: Path) -> None:
    song = write_sound(here / "so.wav", 44100)
    (here / "so.lrc").write_bytes(LRC)
    result = karaoke("so.wav", "--make", "video")
    assert result.exit_code == 0, result.output
    assert listing(here / "karaoke") == ["so (Karaoke).ass", "so (Karaoke).mp4"]
    video = here / "karaoke" / "so (Karaoke).mp4"
    words = ffmpeg("-i", video, "-map", "0:s", "-f", "srt", "-").decode()
    words = re.sub("<[^>]*>", "", words)  # the style
    assert "00:00:00,400 --> 00:00:08,400\nlaa" in words
    assert "00:00:00,000 --> 00:00:00,400\nLà" in words
    made = read(video)
    assert lag(made, read(song)) == 0
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 1280, 720)
        assert float(stream.duration * stream.time_base) == pytest.approx(1.0, abs=0.25)


def test_ultrastar_notes_become_a_video(here: Path) -> None:
    write_sound(here / "audio.wav")
    text = "#TITLE:So/La\n#ARTIST:We\n#MP3:audio.wav\n#BPM:300\n: 0 2 1 La\n: 4 2 1 laa\nE\n"
    (here / "so.txt").write_text(text)
    assert karaoke("so.txt", "--make", "video").exit_code == 0
    assert listing(here / "karaoke") == ["We - So_La (Karaoke).ass", "We - So_La (Karaoke).mp4"]
    assert (here / "so.txt").read_text() == text


def test_the_cover_is_the_picture(here: Path) -> None:
    song = mutagen.File(write_sound(here / "so.mp3"))
    song.add_tags()
    song.tags.add(APIC(encoding=0, mime="image/png", type=3, data=png((200, 20, 20))))
    song.save()
    picture = song_picture(here / "so.mp3")
    assert picture.shape == (720, 1280, 3)
    np.testing.assert_allclose(picture[360, 640], (200, 20, 20), atol=6)
    assert tuple(picture[360, 20]) == (16, 18, 28)


def test_without_a_cover_it_is_the_spectrogram(here: Path) -> None:
    picture = song_picture(write_sound(here / "so.wav"))
    assert picture.shape == (720, 1280, 3)
    assert picture.std() > 5


def test_no_lyrics_no_video(here: Path) -> None:
    write_sound(here / "so.wav")
    result = karaoke("so.wav", "--make", "video")
    assert result.exit_code == 2
    assert "no synced lyrics" in result.stderr
    assert listing(here) == ["so.wav"]
