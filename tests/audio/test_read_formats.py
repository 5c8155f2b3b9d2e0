"""Every format gives the samples that a player hears."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.helpers.reading import RATE, ffmpeg, lag, music, needs_ffmpeg, played, read, write_song
from vocalsep.audio.read import open_audio, probe

N = 50_003


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_song(tmp_path_factory.mktemp("song"), N)


# subtype, container, codec, bit depth
PCM = [
    ("PCM_U8", "wav", "pcm_u8", 8),
    ("PCM_16", "wav", "pcm_s16le", 16),
    ("PCM_24", "wav", "pcm_s24le", 24),
    ("PCM_32", "wav", "pcm_s32le", 32),
    ("FLOAT", "wav", "pcm_f32le", None),
    ("DOUBLE", "wav", "pcm_f64le", None),
    ("PCM_16", "rf64", "pcm_s16le", 16),
    ("PCM_24", "w64", "pcm_s24le", 24),
    ("PCM_S8", "aiff", "pcm_s8", 8),
    ("PCM_24", "aiff", "pcm_s24be", 24),
    ("PCM_16", "flac", "flac", 16),
    ("PCM_24", "flac", "flac", 24),
]


@pytest.mark.parametrize(("subtype", "container", "codec", "depth"), PCM)
def test_lossless_samples_survive_exactly(
    tmp_path: Path, subtype: str, container: str, codec: str, depth: int | None
) -> None:
    bits = depth or 24
    codes = np.random.default_rng(1).integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (2, N))
    codes[:, :2] = [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1]
    exact = codes / 2.0 ** (bits - 1)
    path = tmp_path / f"song.{container}"
    soundfile.write(path, exact.T, RATE, subtype=subtype, format=container.upper())

    with open_audio(path) as reader:
        blocks = list(reader.blocks(4096))
        info = reader.info
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), exact)
    wide = depth == 32 or subtype == "DOUBLE"
    assert {block.dtype for block in blocks} == {np.dtype("f8" if wide else "f4")}
    assert (info.codec, info.bit_depth, info.n_samples) == (codec, depth, N)
    assert (info.sample_rate, info.n_channels, info.layout) == (RATE, 2, "stereo")
    assert info.is_float == (depth is None)
    assert not info.is_lossy
    assert info == probe(path)
    assert info.path == path


# file name, encoder arguments, does the container know its exact length
CODED = [
    ("a.flac", [], True),
    ("a24.flac", ["-sample_fmt", "s32", "-bits_per_raw_sample", "24"], True),
    ("a.oga", ["-c:a", "flac"], True),
    ("cbr.mp3", [], True),
    ("vbr.mp3", ["-q:a", "4"], True),
    ("tagless.mp3", ["-write_xing", "0", "-id3v2_version", "0", "-q:a", "4"], False),
    ("a.mp2", [], False),
    ("a.ogg", ["-c:a", "libvorbis"], True),
    ("a.opus", ["-c:a", "libopus"], True),
    ("alac.m4a", ["-c:a", "alac"], True),
    ("a.wma", ["-c:a", "wmav2"], False),
    ("v1.wma", ["-c:a", "wmav1"], False),
    ("a.aac", [], False),
    ("a.ac3", [], False),
    ("a.wv", [], True),
    ("a.tta", [], True),
    ("a.caf", [], True),
    ("a.au", [], True),
    ("alaw.wav", ["-c:a", "pcm_alaw"], True),
    ("adpcm.wav", ["-c:a", "adpcm_ms"], True),
    ("aac.mkv", ["-c:a", "aac"], False),
    ("vorbis.mka", ["-c:a", "libvorbis"], False),
    ("opus.webm", ["-c:a", "libopus"], False),
    ("flac.mkv", ["-c:a", "flac"], False),
    ("pcm.mov", ["-c:a", "pcm_s24le"], True),
    ("a.ts", ["-c:a", "aac"], False),
]
LOSSLESS = {"a.flac", "a24.flac", "a.oga", "alac.m4a", "a.wv", "a.tta", "a.caf", "a.au"}
LOSSLESS |= {"flac.mkv", "pcm.mov"}


@needs_ffmpeg
@pytest.mark.parametrize(("name", "options", "counts"), CODED, ids=[row[0] for row in CODED])
def test_samples_are_the_players(
    tmp_path: Path, song: Path, name: str, options: list[str], counts: bool
) -> None:
    path = tmp_path / name
    ffmpeg("-i", song, *options, path)
    heard = played(path)
    samples = read(path)
    info = probe(path)

    np.testing.assert_allclose(samples, heard, atol=2e-6)
    assert info.n_samples == (samples.shape[1] if counts else None)
    assert info.is_lossy == (name not in LOSSLESS)
    assert (info.n_channels, info.layout) == (2, "stereo")
    if name in LOSSLESS:
        np.testing.assert_array_equal(samples, music(N))
        assert info.bit_depth == (24 if "24" in name or name == "pcm.mov" else 16)


@needs_ffmpeg
@pytest.mark.parametrize("codec", ["aac", "libmp3lame", "libopus"])
def test_mp4_is_cut_to_its_declared_duration(tmp_path: Path, song: Path, codec: str) -> None:
    path = tmp_path / "song.mp4"
    ffmpeg("-i", song, "-c:a", codec, path)
    samples, heard, info = read(path), played(path), probe(path)
    # the file counts in milliseconds
    assert info.n_samples == samples.shape[1] <= heard.shape[1]
    assert abs(samples.shape[1] / info.sample_rate - N / RATE) <= 0.001
    np.testing.assert_allclose(samples, heard[:, : samples.shape[1]], atol=2e-6)
    if info.sample_rate == RATE:
        assert lag(samples, music(N)) == 0


@needs_ffmpeg
def test_itunes_gapless_tag_cuts_the_padding(tmp_path: Path, song: Path) -> None:
    from mutagen.mp4 import MP4, MP4FreeForm

    path = tmp_path / "song.m4a"
    ffmpeg("-i", song, "-c:a", "aac", path)
    tagged = MP4(path)
    tag = f" 00000000 00000000 00000000 {N - 77:016X} 00000000"
    tagged["----:com.apple.iTunes:iTunSMPB"] = [MP4FreeForm(tag.encode())]
    tagged.save()
    assert probe(path).n_samples == read(path).shape[1] == N - 77


@needs_ffmpeg
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.wav", []),
        ("a.flac", []),
        ("a.ogg", ["-c:a", "libvorbis"]),
        ("a.opus", ["-c:a", "libopus", "-mapping_family", "1"]),
        ("a.m4a", []),
        ("a.mka", ["-c:a", "libvorbis"]),
    ],
)
def test_surround_keeps_its_layout_and_ffmpegs_order(
    tmp_path: Path, name: str, options: list[str]
) -> None:
    source = tmp_path / "source.wav"
    soundfile.write(source, music(N, 6).T, RATE, subtype="PCM_16")
    path = tmp_path / name
    ffmpeg("-channel_layout", "5.1", "-i", source, *options, path)
    samples = read(path)
    assert probe(path).layout == "5.1"
    heard = played(path, n_channels=6)[:, : samples.shape[1]]
    np.testing.assert_allclose(samples, heard, atol=2e-6)


@pytest.mark.parametrize(("n_channels", "layout"), [(6, "5.1"), (3, "3.0"), (5, "5.0(side)")])
@pytest.mark.parametrize("n_samples", [1, 64, 128, 200, 1000])
def test_short_vorbis_is_whole(
    tmp_path: Path, n_samples: int, n_channels: int, layout: str
) -> None:
    """FFmpeg trims an Ogg of one page wrongly; the channel order must be FFmpeg's all the same."""
    path = tmp_path / "short.ogg"
    signal = np.arange(1, n_channels + 1)[:, None] * np.full((n_channels, n_samples), 0.1)
    # Vorbis I stores left, centre, right, …: soundfile writes what it is given
    soundfile.write(path, signal.T, RATE, format="OGG", subtype="VORBIS")
    samples = read(path)
    assert samples.shape == (n_channels, n_samples) == (n_channels, probe(path).n_samples)
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
    heard = np.concatenate(frames, axis=1)[:, :n_samples] if frames else None
    if heard is not None:
        np.testing.assert_allclose(samples[:, : heard.shape[1]], heard, atol=1e-6)
    assert probe(path).layout in (layout, "5.0")


@given(
    samples=arrays.arrays(np.int16, st.tuples(st.integers(1, 3), st.integers(1, 400))),
    container=st.sampled_from(["wav", "flac", "aiff", "w64"]),
    block_samples=st.integers(1, 500),
)
@settings(max_examples=40, deadline=None)
def test_any_integers_survive_any_blocks(
    tmp_path_factory: pytest.TempPathFactory,
    samples: np.ndarray,
    container: str,
    block_samples: int,
) -> None:
    path = tmp_path_factory.getbasetemp() / f"property.{container}"
    soundfile.write(path, samples.T, RATE, subtype="PCM_16", format=container.upper())
    np.testing.assert_array_equal(read(path, block_samples=block_samples), samples / 2.0**15)
