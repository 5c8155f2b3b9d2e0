"""Bad input: one clear line each; any legal file name."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.helpers.reading import RATE, ffmpeg, music, needs_ffmpeg, read
from vocalsep.audio.read import Span, open_audio, probe
from vocalsep.errors import UnreadableAudio

FORMATS = [("wav", "PCM_16"), ("flac", "PCM_16"), ("ogg", "VORBIS"), ("mp3", "MPEG_LAYER_III")]


def message(path: Path, span: Span | None = None) -> str:
    """Return the one line with which reading `path` fails; it names the file."""
    with (
        pytest.raises(UnreadableAudio) as caught,
        open_audio(path, span or Span()) as reader,
    ):
        for _ in reader.blocks():
            pass
    text = str(caught.value)
    assert "\n" not in text and path.name in text
    return text


def test_missing_file(tmp_path: Path) -> None:
    assert "cannot be opened (No such file" in message(tmp_path / "missing.wav")


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes are Linux's")
def test_messages_are_one_printable_line(tmp_path: Path) -> None:
    with pytest.raises(UnreadableAudio) as caught:
        probe(tmp_path / os.fsdecode(b"new\nline\xff.wav"))
    assert r"new\nline\udcff.wav: cannot be opened" in str(caught.value)
    str(caught.value).encode()


def test_directory(tmp_path: Path) -> None:
    assert "a directory, expected a sound file" in message(tmp_path)


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.mp4"])
def test_zero_bytes(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.touch()
    assert "the file is empty (0 bytes)" in message(path)


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.flac", "a.ogg", "a.m4a", "a.txt", "a.aac"])
@pytest.mark.parametrize("n_lines", [1, 500])
def test_text_in_disguise(tmp_path: Path, name: str, n_lines: int) -> None:
    path = tmp_path / name
    path.write_text("These are the words of the song.\n" * n_lines)
    text = message(path)
    reasons = ("not a sound file", "no audio track (no sound", "nothing of its flac audio can be")
    assert any(reason in text for reason in reasons)


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.flac", "a.opus", "a.mkv"])
def test_random_bytes(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(np.random.default_rng(4).bytes(20_000))
    message(path)


def test_a_playlist_opens_nothing(tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:9/a.ts\n")
    message(path)


@pytest.mark.parametrize("container", ["wav", "aiff", "w64"])
def test_no_samples(tmp_path: Path, container: str) -> None:
    path = tmp_path / f"empty.{container}"
    soundfile.write(path, np.zeros((0, 2)), RATE, format=container.upper())
    assert "holds no samples" in message(path)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("subtype", "at"), [("FLOAT", 0), ("FLOAT", 70_000), ("DOUBLE", 70_000)])
def test_a_sample_that_is_no_number(tmp_path: Path, subtype: str, at: int, bad: float) -> None:
    path = tmp_path / "song.wav"
    samples = music(80_000)
    samples[1, at] = bad
    soundfile.write(path, samples.T, RATE, subtype=subtype)
    assert f"a sample at {at / RATE:.3f} s is NaN or infinite" in message(path)
    if at:
        assert read(path, Span(0, 1.5)).shape[1] == 66_150  # not in the span


@pytest.mark.parametrize("rate", [0, 1, 999, 768_001, 0x7FFFFFFF, 0xFFFFFFFF])
def test_absurd_sample_rate(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "song.wav"
    soundfile.write(path, music(1000).T, RATE, subtype="PCM_16")
    data = bytearray(path.read_bytes())
    data[24:28] = rate.to_bytes(4, "little")
    path.write_bytes(data)
    assert f"its sample rate is {rate} Hz, expected 1000 to 768000 Hz" in message(path)


@pytest.mark.parametrize("rate", [1000, 768_000])
def test_the_widest_sample_rates(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "song.wav"
    soundfile.write(path, music(1000).T, rate, subtype="PCM_16")
    assert probe(path).sample_rate == rate


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_does_not_hang(tmp_path: Path) -> None:
    path = tmp_path / "pipe.wav"
    os.mkfifo(path)
    assert "not a regular file; use - to read from a pipe" in message(path)


def test_a_nul_in_the_name(tmp_path: Path) -> None:
    with pytest.raises(UnreadableAudio, match="cannot be opened"):
        probe(tmp_path / "a\0b.wav")


NAMES = [
    "🎤 音楽 ünï.wav",
    "-n.wav",
    "50%d %03d.wav",
    "http:song.wav",
    " a  b .wav",
    "concat:a|b.wav",
]
NAMES += ["é" * 125 + ".wav", "x" * 251 + ".wav", "line\nbreak.wav", "q'uo\"te.wav", "-", "file:x"]


@needs_ffmpeg
@pytest.mark.skipif(sys.platform == "win32", reason="names that Windows does not allow")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("container", ["wav", "mp3"])
def test_any_legal_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, container: str
) -> None:
    soundfile.write(tmp_path / "song.wav", music(3000).T, RATE, subtype="PCM_16")
    ffmpeg("-i", tmp_path / "song.wav", tmp_path / "song.mp3")
    named = name.replace(".wav", f".{container}")
    (tmp_path / f"song.{container}").rename(tmp_path / named)
    assert read(tmp_path / named).shape == (2, 3000)
    monkeypatch.chdir(tmp_path)
    assert read(Path(named)).shape == (2, 3000)


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes are Linux's")
@pytest.mark.parametrize("container", ["wav", "flac"])
def test_a_name_that_is_no_unicode(tmp_path: Path, container: str) -> None:
    path = tmp_path / "song.wav"
    soundfile.write(path, music(3000).T, RATE, format=container.upper())
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.wav"))
    path.rename(odd)
    assert read(odd).shape == (2, 3000)


def test_a_path_longer_than_libsndfile_likes(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*["d" * 200] * 6)
    folder.mkdir(parents=True)
    soundfile.write(tmp_path / "song.wav", music(3000).T, RATE)
    (tmp_path / "song.wav").rename(folder / "song.wav")
    assert read(folder / "song.wav").shape == (2, 3000)


def test_files_are_closed(tmp_path: Path) -> None:
    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc")
    good, bad = tmp_path / "good.flac", tmp_path / "bad.wav"
    soundfile.write(good, music(3000).T, RATE)
    bad.write_bytes(b"RIFF" + bytes(100))
    n_open = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        probe(good)
        message(bad)
        message(good, Span(5.0))
        with open_audio(good) as reader:
            next(reader.blocks(100))
    assert len(os.listdir("/proc/self/fd")) == n_open
