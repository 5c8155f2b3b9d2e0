"""Stem files: read back by stempeg, their boxes checked one by one."""

from __future__ import annotations

import json
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import mutagen
import numpy as np
import pytest
import soundfile
import stempeg

from tests.helpers.fake_models import use_network
from tests.helpers.reading import RATE, lag, music, needs_ffmpeg, read
from tests.karaoke.songs import karaoke, listing, write_sound
from vocalsep.models.identity import IdentitySeparator

N = 40_000
PARENTS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"udta", b"edts"}


def boxes(data: bytes, start: int = 0, end: int | None = None, path: str = "") -> Iterator:
    """(path, start, content) of every box; sizes must fill their parents to the byte."""
    end = len(data) if end is None else end
    while start < end:
        size, kind = struct.unpack_from(">I4s", data, start)
        content = start + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, content)
            content += 8
        assert content <= start + size <= end, (path, kind, size)
        here = f"{path}/{kind.decode('latin-1')}"
        yield here, start, data[content : start + size]
        if kind in PARENTS:
            yield from boxes(data, content, start + size, here)
        start += size
    assert start == end


def chunk_places(content: bytes, width: int) -> list[int]:
    (n_chunks,) = struct.unpack_from(">I", content, 4)
    return list(struct.unpack_from(f">{n_chunks}{'I' if width == 4 else 'Q'}", content, 8))


@pytest.fixture
def made(here: Path) -> Path:
    song = write_sound(here / "so.flac", N)
    tags = mutagen.File(song)
    tags["title"], tags["artist"] = ["So"], ["We"]
    tags.save()
    result = karaoke("so.flac", "--make", "stems", "--json")
    assert result.exit_code == 0, result.output
    assert listing(here / "karaoke") == ["so.stem.mp4"]
    return here / "karaoke" / "so.stem.mp4"


def test_boxes(made: Path) -> None:
    data = made.read_bytes()
    found = list(boxes(data))
    top = [path for path, _, _ in found if path.count("/") == 1]
    assert top[0] == "/ftyp"
    assert top[-1] == "/moov"
    assert top.count("/mdat") == 1
    (stem,) = [content for path, _, content in found if path == "/moov/udta/stem"]
    assert [path for path, _, _ in found].count("/moov/udta") == 1
    content = json.loads(stem)
    assert content["version"] == 1
    assert [each["name"] for each in content["stems"]] == ["Drums", "Bass", "Other", "Vocals"]
    assert all(len(each["color"]) == 7 for each in content["stems"])
    assert {"compressor", "limiter"} <= set(content["mastering_dsp"])
    enabled = [content[3] & 1 for path, _, content in found if path == "/moov/trak/tkhd"]
    assert enabled == [1, 0, 0, 0, 0]


def test_chunks_lie_in_the_sound(made: Path) -> None:
    data = made.read_bytes()
    found = list(boxes(data))
    (mdat,) = [(start, len(content)) for path, start, content in found if path == "/mdat"]
    for name, width in (("stco", 4), ("co64", 8)):
        for path, _, content in found:
            if path.endswith(f"/stbl/{name}"):
                places = chunk_places(content, width)
                assert places == sorted(places)
                assert mdat[0] < places[0]
                assert places[-1] < mdat[0] + 16 + mdat[1]


@needs_ffmpeg
def test_stempeg_reads_five_stems(made: Path) -> None:
    stems, rate = stempeg.read_stems(str(made))
    assert rate == RATE
    assert stems.shape[0] == 5
    assert stems.shape[2] == 2
    mix, drums, bass, other, vocals = (stem.T[:, :N] for stem in stems)
    assert not drums.any()
    assert not bass.any()
    song = music(N)
    for stem, gain in ((mix, 1.0), (other, 0.5), (vocals, 0.5)):
        assert lag(stem, song) == 0
        scale = float((stem * song).sum() / (song * song).sum())
        assert scale == pytest.approx(gain, rel=0.03)
    error = other + vocals - mix
    assert np.sqrt(np.mean(error**2)) < 0.2 * np.sqrt(np.mean(mix**2))  # five lossy codings


@needs_ffmpeg
def test_ffprobe_sees_five_equal_tracks(made: Path) -> None:
    entries = "stream=codec_name,channels,sample_rate,duration_ts:stream_disposition=default"
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_entries", entries, str(made)]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["streams"]
    assert [track["disposition"]["default"] for track in found] == [1, 0, 0, 0, 0]
    shapes = {
        tuple(value for key, value in track.items() if key != "disposition") for track in found
    }
    assert len(shapes) == 1
    assert {"aac", 2, str(RATE), N} <= set(*shapes)


def test_other_players_play_the_song(made: Path) -> None:
    assert read(made).shape == (2, N)
    assert lag(read(made), music(N)) == 0
    tags = mutagen.File(made)
    assert (tags["\xa9nam"], tags["\xa9ART"]) == (["So"], ["We"])


def test_models_of_four_stems(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = IdentitySeparator(targets=("drums", "bass", "vocals"), gain=0.25, chunk_samples=8192)
    use_network(monkeypatch, network)
    soundfile.write(here / "mono.wav", music(N, 1).T, RATE)
    result = karaoke("mono.wav", "--make", "stems")
    assert result.exit_code == 0, result.output
    stems, _ = stempeg.read_stems(str(here / "karaoke" / "mono.stem.mp4"))
    levels = [float(np.sqrt(np.mean(stem**2))) for stem in stems]
    drums, bass, vocals = (0.25**power for power in (1, 2, 3))  # what the network calls so
    wanted = [1, drums, bass, 1 - drums - bass - vocals, vocals]
    np.testing.assert_allclose(np.array(levels) / levels[0], wanted, rtol=0.05)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--format", "flac"], "--format m4a"),
        (["--guide=-6", "--count-in=2"], "--guide and --count-in cannot be used"),
    ],
)
def test_refused(here: Path, arguments: list[str], words: str) -> None:
    write_sound(here / "so.wav")
    result = karaoke("so.wav", "--make", "stems", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_five_channels_are_refused(here: Path) -> None:
    soundfile.write(here / "many.wav", music(N, 5).T, RATE)
    result = karaoke("many.wav", "--make", "stems")
    assert result.exit_code == 2
    assert "stereo, not 5 channels" in result.stderr
