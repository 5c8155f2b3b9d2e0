"""Videos: every packet of the pictures where it was, the sound at lag 0."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import soxr

from tests.helpers.reading import ffmpeg, lag, needs_ffmpeg, read
from tests.karaoke.songs import events, karaoke, listing, loudness, snapshot, write_sound
from vocalsep.audio.read import probe as probe_sound

pytestmark = needs_ffmpeg
N = 60_000
CHAPTERS = ";FFMETADATA1\ntitle=Film\n" + "".join(
    f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}\nEND={start + 600}\ntitle=Part {start}\n"
    for start in (0, 600)
)
WORDS = "1\n00:00:00,200 --> 00:00:00,500\nLa\n\n2\n00:00:00,700 --> 00:00:01,000\nLaa\n"
CODECS = {
    "v.mp4": ["-c:v", "libx264", "-bf", "2", "-c:a", "aac", "-c:s", "mov_text"],
    "v.mkv": ["-c:v", "libx264", "-bf", "2", "-c:a", "libopus", "-c:s", "srt"],
    "v.webm": ["-c:v", "libvpx", "-c:a", "libvorbis", "-c:s", "webvtt"],
}


def write_video(folder: Path, name: str, delay_s: float = 0.0) -> Path:
    folder.mkdir(exist_ok=True)
    song = write_sound(folder / "song.wav", N)
    (folder / "w.srt").write_text(WORDS)
    (folder / "c.txt").write_text(CHAPTERS)
    inputs = ["-f", "lavfi", "-i", "testsrc=s=64x64:r=25:d=1.36", "-itsoffset", delay_s, "-i", song]
    inputs += ["-i", folder / "w.srt", "-i", folder / "c.txt"]
    maps = ["-map", "0", "-map", "1", "-map", "2", "-map_metadata", "3", "-map_chapters", "3"]
    options = [*maps, "-metadata:s:a:0", "language=ger"]
    if name.endswith(".mkv"):
        options += ["-attach", folder / "w.srt", "-metadata:s:t", "mimetype=application/x-font"]
    path = folder / name
    ffmpeg(*inputs, *options, *CODECS[name], path)
    return path


class Contents:
    """What ffprobe says of a file."""

    def __init__(self, path: Path) -> None:
        entries = "packet=stream_index,pts_time,duration_time,flags,size,data_hash:stream:chapter"
        command = ["ffprobe", "-v", "error", "-of", "json", "-show_chapters", "-show_packets"]
        command += ["-show_data_hash", "sha256", "-show_format", "-show_entries", entries]
        done = subprocess.run([*command, str(path)], capture_output=True, check=True)
        self._found = json.loads(done.stdout)
        self.tags = self._found["format"]["tags"]
        self.chapters = [
            (each["start_time"], each["end_time"], each["tags"]["title"])
            for each in self._found["chapters"]
        ]

    def tracks(self, kind: str) -> list[dict[str, Any]]:
        return [each for each in self._found["streams"] if each.get("codec_type") == kind]

    def packets(self, track: dict[str, Any]) -> list[tuple[str, ...]]:
        """What a player gets of a track: bytes, and when to show them."""
        keys = ["pts_time", "size", "flags", "data_hash"]
        if track["codec_type"] == "subtitle":
            keys.append("duration_time")  # how long to show a picture is said by the next one
        found = self._found["packets"]
        return [
            tuple(each[key] for key in keys)
            for each in found
            if each["stream_index"] == track["index"]
        ]


@pytest.mark.parametrize(
    ("name", "mode"),
    [*((name, "instrumental") for name in CODECS), ("v.mp4", "both"), ("v.mkv", "both")],
)
def test_pictures_words_and_chapters_stay(here: Path, name: str, mode: str) -> None:
    video = write_video(here / "in", name)
    result = karaoke(video, "--tracks", mode, "--json")
    assert result.exit_code == 0, result.output
    assert not events(result, "warning")
    output = here / "karaoke" / f"v (Karaoke){video.suffix}"
    assert listing(here / "karaoke") == [output.name]
    before, after = Contents(video), Contents(output)
    for kind in ("video", "subtitle"):
        (old,), (new,) = before.tracks(kind), after.tracks(kind)
        assert before.packets(old)
        assert after.packets(new) == before.packets(old)
    assert after.chapters == before.chapters
    assert len(after.chapters) == 2
    assert len(after.tracks("attachment")) == (1 if name == "v.mkv" else 0)
    sound = after.tracks("audio")
    names = [track["tags"].get("title") or track["tags"]["handler_name"] for track in sound]
    assert names == (["Original"] if mode == "both" else []) + ["Instrumental"]
    assert {track["tags"]["language"] for track in sound} == {"ger"}
    original = before.tracks("audio")[0]
    assert sound[0]["disposition"] == original["disposition"]
    if mode == "both":
        assert after.packets(sound[0]) == before.packets(original)
    else:
        assert after.tags.get("title", after.tags.get("TITLE")) == "Film (Karaoke)"
        assert "vocalsep" in (after.tags.get("comment") or after.tags["COMMENT"])


@pytest.mark.parametrize("name", CODECS)
def test_sound_is_where_it_was(here: Path, name: str) -> None:
    video = write_video(here / "in", name, delay_s=0.3)
    assert karaoke(video).exit_code == 0
    path = here / "karaoke" / f"v (Karaoke){video.suffix}"
    made, original = read(path), read(video)
    rate = probe_sound(path).sample_rate
    original = soxr.resample(original.T, probe_sound(video).sample_rate, rate).T
    n_samples = min(made.shape[1], original.shape[1])
    assert lag(made, original) == 0
    assert loudness(made[:, :n_samples]) == pytest.approx(0.5 * loudness(original), rel=0.02)
    assert abs(made.shape[1] - original.shape[1]) < 0.03 * rate  # the last packet's padding


def test_what_cannot_be(here: Path) -> None:
    video = write_video(here / "in", "v.mp4")
    ffmpeg("-i", video, "-an", "-c", "copy", here / "silent.mp4")
    ffmpeg("-i", video, "-map", "0:v", "-map", "0:a", "-c:v", "mpeg4", here / "old.avi")
    before = snapshot(here)
    for arguments, words in (
        (["silent.mp4"], "no audio track"),
        (["old.avi"], "MP4, MKV or WebM"),
        ([video, "--format", "mp3"], ".mp4 takes --format m4a"),
        ([video, "--count-in", "4"], "--count-in cannot be used"),
        ([video, "--tempo", "90"], "--tempo cannot be used"),
    ):
        result = karaoke(*arguments)
        assert result.exit_code == 2
        assert words in result.stderr
        assert len(result.stderr.splitlines()) == 1
    assert snapshot(here) == before
