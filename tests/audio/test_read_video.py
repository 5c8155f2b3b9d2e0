"""Beside video, audio keeps its presentation time; covers are no video."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from tests.helpers.reading import (
    RATE,
    ffmpeg,
    lag,
    music,
    needs_ffmpeg,
    played,
    read,
    read_damaged,
    write_song,
)
from vocalsep.audio.read import Span, probe
from vocalsep.errors import UnreadableAudio

pytestmark = needs_ffmpeg
N = 50_003
SYNC = "aresample=async=1:first_pts=0"
PICTURE = ["-f", "lavfi", "-i", "testsrc=s=64x64:r=25:d=1.1"]


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_song(tmp_path_factory.mktemp("song"), N)


@pytest.mark.parametrize("delay_s", [0.0, 0.3])
@pytest.mark.parametrize(
    ("name", "codecs"),
    [
        ("v.mp4", ["-c:v", "libx264", "-c:a", "aac"]),
        ("v.mkv", ["-c:v", "libx264", "-c:a", "aac"]),
        ("mp3.mkv", ["-c:v", "libx264", "-c:a", "libmp3lame"]),
        ("v.webm", ["-c:v", "libvpx", "-c:a", "libvorbis"]),
        ("opus.webm", ["-c:v", "libvpx", "-c:a", "libopus"]),
    ],
)
def test_audio_starts_when_it_is_presented(
    tmp_path: Path, song: Path, name: str, codecs: list[str], delay_s: float
) -> None:
    path = tmp_path / name
    ffmpeg(*PICTURE, "-itsoffset", delay_s, "-i", song, *codecs, path)
    samples, warnings = read_damaged(path)
    heard = played(path, filters=SYNC)
    rate = probe(path).sample_rate
    # Older FFmpeg counts the codec delay of Matroska as time before the video.
    tolerance = 0.008 * rate if delay_s == 0 and name.endswith("webm") else 0
    assert abs(lag(samples, heard)) <= tolerance
    if tolerance == 0:
        n_common = min(samples.shape[1], heard.shape[1])
        np.testing.assert_allclose(samples[:, :n_common], heard[:, :n_common], atol=2e-6)
        assert samples.shape[1] == (probe(path).n_samples or heard.shape[1])
    assert np.flatnonzero(samples[0])[0] >= (delay_s - 0.03) * rate
    assert warnings == []


def test_audio_that_starts_before_the_video_is_at_zero(tmp_path: Path, song: Path) -> None:
    path = tmp_path / "early.mp4"
    ffmpeg("-itsoffset", 0.3, *PICTURE, "-i", song, "-c:v", "libx264", "-c:a", "aac", path)
    assert lag(read(path), music(N)) == 0


def test_first_of_several_tracks(tmp_path: Path, song: Path) -> None:
    path = tmp_path / "two.mkv"
    loud = tmp_path / "loud.wav"
    soundfile.write(loud, np.ones((N, 6)) * 0.5, RATE)
    inputs = [*PICTURE, "-i", song, "-i", loud, "-map", "0:v", "-map", "1:a", "-map", "2:a"]
    ffmpeg(*inputs, "-c:v", "libx264", "-c:a", "flac", path)
    np.testing.assert_array_equal(read(path), music(N))


def test_a_span_counts_from_the_start_of_the_video(tmp_path: Path, song: Path) -> None:
    path = tmp_path / "late.mp4"
    ffmpeg(*PICTURE, "-itsoffset", 0.3, "-i", song, "-c:v", "libx264", "-c:a", "aac", path)
    whole = read(path)
    part = read(path, Span(0.25, 0.75))
    np.testing.assert_array_equal(part, whole[:, round(0.25 * RATE) : round(0.75 * RATE)])


def test_a_gap_in_the_audio_stays_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "gap.mkv"
    codes = np.round(music(N) * 2**15).astype(np.int16)
    stops = round(0.5 * RATE)
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width = video.height = 64
        video.pix_fmt = "yuv420p"
        audio = container.add_stream("pcm_s16le", rate=RATE, layout="stereo")
        for packet in video.encode(av.VideoFrame(64, 64, "yuv420p")):
            container.mux(packet)
        for start, stop, late in ((0, stops, 0), (stops, N, RATE)):
            for first in range(start, stop, 1024):
                part = codes[:, first : min(first + 1024, stop)].T.reshape(1, -1)
                frame = av.AudioFrame.from_ndarray(part, "s16", "stereo")
                frame.sample_rate, frame.pts = RATE, first + late
                container.mux(audio.encode(frame))
        container.mux([*video.encode(None), *audio.encode(None)])
    samples, warnings = read_damaged(path)
    expected = np.insert(music(N), [stops] * RATE, 0, axis=1)
    assert samples.shape == pytest.approx(expected.shape, abs=0.001 * RATE)
    assert abs(lag(samples[:, RATE:], expected[:, RATE:])) <= 0.001 * RATE  # Matroska's clock
    np.testing.assert_array_equal(samples[:, :stops], expected[:, :stops])
    assert not samples[:, stops : stops + RATE - 50].any()
    assert warnings == ["damaged from 0.500 s to 1.500 s: what could not be decoded is silent"]


@pytest.mark.parametrize("name", ["song.m4a", "song.mp3", "song.flac"])
def test_cover_art_is_no_video(tmp_path: Path, song: Path, name: str) -> None:
    cover, plain, path = tmp_path / "cover.png", tmp_path / f"plain_{name}", tmp_path / name
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x64", "-frames:v", 1, cover)
    ffmpeg("-i", song, plain)
    inputs = ["-i", plain, "-i", cover, "-map", "0:a", "-map", "1:v", "-c", "copy"]
    ffmpeg(*inputs, "-disposition:v:0", "attached_pic", path)
    np.testing.assert_array_equal(read(path), read(plain))
    assert probe(path).n_samples == probe(plain).n_samples


def test_pictures_without_sound_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "cover.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x64", "-frames:v", 1, "-c:v", "mjpeg", path)
    with pytest.raises(UnreadableAudio, match=r"cover\.mp4: it has no audio track"):
        probe(path)
