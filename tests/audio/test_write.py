"""Every writer against independent readers: samples, places, names, pipes."""

from __future__ import annotations

import io
import os
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.helpers.players import played, probed
from tests.helpers.reading import lag, needs_ffmpeg
from tests.helpers.writing import blocks_of, full_scale, planned, write
from vocalsep.audio.formats import AAC_RATES, FORMATS, MP3_RATES
from vocalsep.audio.read import open_pipe
from vocalsep.audio.unfinished import TEMPORARY_PREFIX
from vocalsep.audio.write import open_pipe_writer, open_writer
from vocalsep.errors import UnsupportedFormat

LOSSLESS = [
    (name, subtype)
    for name, subtypes in {
        "wav": ["pcm_8", "pcm_16", "pcm_24", "pcm_32", "float32"],
        "flac": ["pcm_16", "pcm_24"],
        "m4a": ["alac"],
    }.items()
    for subtype in subtypes
]


@needs_ffmpeg
@pytest.mark.parametrize(("name", "subtype"), LOSSLESS)
@pytest.mark.parametrize("layout", ["mono", "stereo", "5.1"])
def test_lossless_files_give_back_every_sample_in_place(
    tmp_path: Path, name: str, subtype: str, layout: str
) -> None:
    stem_format = planned(name, subtype, layout)
    audio = blocks_of(stem_format, 9001)
    path = write(tmp_path / f"stem{stem_format.extension}", stem_format, audio, 2000)
    expected = full_scale(stem_format, audio)
    np.testing.assert_array_equal(played(path, stem_format.n_channels), expected)
    if name != "m4a":  # libsndfile does not read it
        heard = soundfile.read(path, dtype="float64", always_2d=True)[0].T
        np.testing.assert_array_equal(heard, expected)


@needs_ffmpeg
@pytest.mark.parametrize(
    ("name", "layout"),
    [("wav", "5.1"), ("wav", "5.1(side)"), ("flac", "5.1"), ("flac", "5.1(side)"), ("m4a", "5.1"),
     ("ogg", "5.1"), ("opus", "5.1"), ("wav", "7.1"), ("flac", "7.1"), ("m4a", "7.1"),
     ("ogg", "7.1"), ("opus", "7.1")],
)  # fmt: skip
def test_surround_channels_stay_at_their_speakers(tmp_path: Path, name: str, layout: str) -> None:
    stem_format = planned(name, layout=layout)
    n_channels = stem_format.n_channels
    # Below 120 Hz, where codecs let the LFE channel pass; a period count of its own in each.
    t = np.arange(24000) / 48000
    tones = np.array([0.2 * np.sin(2 * np.pi * (40 + 8 * c) * t) for c in range(n_channels)])
    scale = 2.0 ** (stem_format.bit_depth - 1) if stem_format.bit_depth else 1.0
    blocks = (tones * scale).astype(np.int32 if stem_format.bit_depth else np.float32)
    path = write(tmp_path / f"stem{stem_format.extension}", stem_format, blocks)
    heard = played(path, n_channels)[:, :24000]
    likeness = np.corrcoef(tones, heard)[:n_channels, n_channels:]
    np.testing.assert_array_equal(likeness.argmax(axis=1), np.arange(n_channels))
    assert likeness.diagonal().min() > 0.9
    assert probed(path, "stream=channel_layout") == layout


@needs_ffmpeg
@pytest.mark.parametrize("name", ["mp3", "m4a", "ogg", "opus"])
@pytest.mark.parametrize("layout", ["mono", "stereo"])
def test_lossy_files_lie_at_lag_0(tmp_path: Path, name: str, layout: str) -> None:
    stem_format = planned(name, layout=layout)
    audio = blocks_of(stem_format, 30001)
    path = write(tmp_path / f"stem{stem_format.extension}", stem_format, audio)
    heard = played(path, stem_format.n_channels)
    for channel in range(stem_format.n_channels):
        assert lag(heard[channel, None], audio[channel, None]) == 0
    if name == "m4a":  # players that ignore the edit list's end hear up to one AAC frame more
        assert 0 <= heard.shape[1] - 30001 < 1024
        assert probed(path, "stream=duration_ts") == "30001"
    else:
        assert heard.shape[1] == 30001
    signal = heard[:, :30001]
    error = np.mean((signal - audio) ** 2) / np.mean(audio**2)
    assert error < 0.01  # 20 dB: the right signal at the right scale


RATES = {"mp3": MP3_RATES, "m4a": AAC_RATES, "flac": (1, 655350), "wav": (1, 768000)}
RATES["ogg"] = (8000, 11025, 22050, 96000, 192000)


@pytest.mark.slow
@needs_ffmpeg
@pytest.mark.parametrize(("name", "rate"), [(n, rate) for n in RATES for rate in RATES[n]])
def test_every_rate_that_is_planned_can_be_written(tmp_path: Path, name: str, rate: int) -> None:
    stem_format = planned(name, rate=rate)
    audio = blocks_of(stem_format, max(5000, rate // 2))
    path = write(tmp_path / "stem", stem_format, audio)
    assert lag(played(path, 2), audio) == 0
    assert probed(path, "stream=sample_rate") == str(rate)


@pytest.mark.parametrize("subtype", ["pcm_8", "pcm_16", "pcm_24", "pcm_32"])
def test_small_wav_is_read_by_the_standard_library(tmp_path: Path, subtype: str) -> None:
    stem_format = planned("wav", subtype)
    path = write(tmp_path / "stem.wav", stem_format, blocks_of(stem_format, 101))
    with wave.open(str(path)) as file:
        assert file.getparams()[:4] == (2, (stem_format.bit_depth or 0) // 8, 48000, 101)


@needs_ffmpeg
@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("n_samples", [1, 2, 577])
def test_very_short_stems(tmp_path: Path, name: str, n_samples: int) -> None:
    stem_format = planned(name)
    path = write(tmp_path / "stem", stem_format, blocks_of(stem_format, n_samples))
    heard = played(path, 2)
    if stem_format.is_lossless:
        assert heard.shape[1] == n_samples
    else:
        assert n_samples <= heard.shape[1] < n_samples + 1024


@pytest.mark.parametrize(
    ("name", "subtype"), [*LOSSLESS, ("mp3", None), ("m4a", "aac"), ("opus", None)]
)
def test_same_samples_same_bytes_for_any_blocks(
    tmp_path: Path, name: str, subtype: str | None
) -> None:
    stem_format = planned(name, subtype)
    audio = blocks_of(stem_format, 10007)
    once = write(tmp_path / "a", stem_format, audio, 10007).read_bytes()
    again = write(tmp_path / "b", stem_format, audio, 331).read_bytes()
    assert once == again


def test_float32_is_never_clamped(tmp_path: Path) -> None:
    stem_format = planned("wav", "float32")
    audio = np.array([[1.5, -2.0, 1e-30], [3e5, 0.0, -1.0000001]], np.float32)
    path = write(tmp_path / "stem.wav", stem_format, audio)
    np.testing.assert_array_equal(soundfile.read(path, dtype="float32")[0].T, audio)


def test_a_stem_appears_only_when_committed(tmp_path: Path) -> None:
    path = tmp_path / "stem.wav"
    path.write_bytes(b"before")
    stem_format = planned("wav")
    with open_writer(path, stem_format, None) as writer:
        writer.write(blocks_of(stem_format, 100))
        temporary = writer.finish()
        assert path.read_bytes() == b"before"
        assert temporary.parent == tmp_path and temporary.name.startswith(TEMPORARY_PREFIX)
        assert soundfile.info(temporary).frames == 100
        assert writer.finish() == temporary  # finishing twice is once
        writer.commit()
    assert soundfile.info(path).frames == 100
    assert os.listdir(tmp_path) == ["stem.wav"]


@pytest.mark.parametrize(
    "name", ["-o.wav", " lead and trail .wav", "愛 ❤️ 🎤.wav", "x" * 251 + ".wav", "a:b%20#?.wav"]
)
def test_any_legal_name(tmp_path: Path, name: str) -> None:
    stem_format = planned("wav")
    path = write(tmp_path / name, stem_format, blocks_of(stem_format, 10))
    assert os.listdir(tmp_path) == [name] and soundfile.info(path).frames == 10


@needs_ffmpeg
@pytest.mark.parametrize("subtype", ["pcm_16", "pcm_24", "float32"])
def test_wav_through_a_pipe(tmp_path: Path, subtype: str) -> None:
    stem_format = planned("wav", subtype)
    audio = blocks_of(stem_format, 5001)
    stream = io.BytesIO()
    writer = open_pipe_writer(stream, stem_format)
    writer.write(audio[:, :2000])
    writer.write(audio[:, 2000:])
    writer.close()
    assert not stream.closed
    path = tmp_path / "captured.wav"
    path.write_bytes(stream.getvalue())
    expected = full_scale(stem_format, audio)
    np.testing.assert_array_equal(played(path, 2), expected)
    np.testing.assert_array_equal(soundfile.read(path, dtype="float64")[0].T, expected)
    with open_pipe(io.BytesIO(stream.getvalue()), None) as reader:
        np.testing.assert_array_equal(np.concatenate(list(reader.blocks()), axis=1), expected)


def test_raw_pipe_is_interleaved_float32(rng: np.random.Generator) -> None:
    stem_format = planned("wav", "float32")
    audio = rng.uniform(-2, 2, (2, 100)).astype(np.float32)
    stream = io.BytesIO()
    open_pipe_writer(stream, stem_format, raw=True).write(audio)
    np.testing.assert_array_equal(np.frombuffer(stream.getvalue(), "<f4").reshape(-1, 2).T, audio)


def test_pipes_refuse_what_cannot_be_streamed() -> None:
    with pytest.raises(UnsupportedFormat, match="standard output takes wav"):
        open_pipe_writer(io.BytesIO(), planned("flac"))
    with pytest.raises(UnsupportedFormat, match="raw float32"):
        open_pipe_writer(io.BytesIO(), planned("wav", "pcm_16"), raw=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_memory_does_not_grow_with_the_length(tmp_path: Path, name: str) -> None:
    psutil = pytest.importorskip("psutil")
    stem_format = planned(name)
    block = blocks_of(stem_format, 48000)
    with open_writer(tmp_path / "stem", stem_format, None) as writer:
        sizes = []
        for second in range(600):
            writer.write(block)
            if second in (60, 599):
                sizes.append(psutil.Process().memory_info().rss)
        writer.commit()
    assert sizes[1] - sizes[0] < 4e6  # M4A's index takes some bytes per frame
