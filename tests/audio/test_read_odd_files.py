"""Files that are not as their headers say: chained, cut, streamed, fragmented, changing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

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
from vocalsep.audio.read import probe

N = 50_003


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_song(tmp_path_factory.mktemp("song"), N)


@needs_ffmpeg
def test_chained_ogg_is_read_to_its_end(tmp_path: Path, song: Path) -> None:
    links = []
    for name in ("first.ogg", "second.ogg"):
        ffmpeg("-i", song, "-c:a", "libvorbis", tmp_path / name)
        links.append((tmp_path / name).read_bytes())
    chain = tmp_path / "chain.ogg"
    chain.write_bytes(b"".join(links))
    samples = read(chain)
    assert probe(chain).n_samples is None
    # FFmpeg itself is not exact where links meet
    assert lag(samples[:, N // 2 :], music(N)) + N // 2 == pytest.approx(N, abs=0.02 * RATE)
    np.testing.assert_allclose(
        samples[:, : N - 500], played(tmp_path / "first.ogg")[:, : N - 500], atol=2e-6
    )


@needs_ffmpeg
@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_wav_of_a_killed_recorder(tmp_path: Path, song: Path, size: int) -> None:
    path = tmp_path / "recorder.wav"
    data = bytearray(song.read_bytes())
    assert data[36:40] == b"data"
    data[40:44] = size.to_bytes(4, "little")
    path.write_bytes(data)
    np.testing.assert_array_equal(read(path), music(N))


@needs_ffmpeg
def test_flac_of_unknown_length(tmp_path: Path, song: Path) -> None:
    path = tmp_path / "piped.flac"
    path.write_bytes(ffmpeg("-i", song, "-f", "flac", "-"))
    np.testing.assert_array_equal(read(path), music(N))
    assert probe(path).n_samples in (None, N)


@needs_ffmpeg
def test_rate_and_channels_may_change_within_a_stream(tmp_path: Path, song: Path) -> None:
    parts = []
    for rate, channels in ((44100, 2), (22050, 1)):
        part = tmp_path / f"{rate}.aac"
        ffmpeg("-i", song, "-ar", rate, "-ac", channels, part)
        parts.append(part.read_bytes())
    path = tmp_path / "radio.aac"
    path.write_bytes(b"".join(parts))
    samples, warnings = read_damaged(path)
    heard = played(path)
    assert samples.shape == pytest.approx(heard.shape, abs=64)  # the converter's own tail
    assert lag(samples[:, 60_000:], heard[:, 60_000:]) == pytest.approx(0, abs=32)
    assert warnings == [f"from {51200 / RATE:.3f} s on the audio is 22050 Hz, mono; converted back"]


@needs_ffmpeg
@pytest.mark.parametrize("name", ["cut.flac", "cut.mp3", "cut.ogg", "cut.m4a"])
def test_a_piece_cut_out_without_decoding_starts_at_its_start(
    tmp_path: Path, song: Path, name: str
) -> None:
    whole, path = tmp_path / f"whole_{name}", tmp_path / name
    codec = ["-c:a", "libvorbis"] if name == "cut.ogg" else []
    ffmpeg("-stream_loop", 4, "-i", song, *codec, whole)
    ffmpeg("-ss", 2, "-i", whole, "-c", "copy", path)
    samples, warnings = read_damaged(path)
    heard = played(path)
    n_common = min(samples.shape[1], heard.shape[1])
    assert n_common > 2.5 * RATE
    np.testing.assert_allclose(samples[:, :n_common], heard[:, :n_common], atol=2e-6)
    assert not any(warning.startswith("damaged") for warning in warnings)


@needs_ffmpeg
def test_tags_behind_an_mp3_are_no_damage(tmp_path: Path, song: Path) -> None:
    path = tmp_path / "song.mp3"
    for options in ([], ["-write_xing", "0"]):
        ffmpeg("-i", song, *options, path)
        whole = read(path)
        path.write_bytes(path.read_bytes() + b"APETAGEX" + b"lyrics " * 50 + b"TAG" + b"T" * 125)
        samples, warnings = read_damaged(path)
        np.testing.assert_array_equal(samples, whole)
        assert warnings == []


@needs_ffmpeg
def test_fragmented_mp4_is_read_to_its_end(tmp_path: Path, song: Path) -> None:
    path = tmp_path / "song.mp4"
    fragments = ["-movflags", "frag_keyframe+empty_moov", "-frag_duration", "200000"]
    ffmpeg("-i", song, "-c:a", "aac", *fragments, path)
    samples, warnings = read_damaged(path)
    heard = played(path)
    assert samples.shape[1] >= N
    np.testing.assert_allclose(samples, heard[:, : samples.shape[1]], atol=2e-6)
    assert warnings == []
