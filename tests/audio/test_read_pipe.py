"""WAV and raw PCM from streams that cannot seek."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.reading import RATE, Samples, ffmpeg, music, needs_ffmpeg
from vocalsep.audio.read import RawFormat, open_pipe
from vocalsep.errors import UnreadableAudio

N = 30_001


@contextmanager
def pipe(data: bytes) -> Iterator[BinaryIO]:
    """A real pipe: reads come short, seeking fails."""
    read_end, write_end = os.pipe()

    def feed() -> None:
        with open(write_end, "wb") as file:
            file.write(data)

    writer = threading.Thread(target=feed)
    writer.start()
    with open(read_end, "rb", buffering=0) as stream:
        yield stream
        while stream.read(1 << 16):
            pass
    writer.join()


def collect(stream: BinaryIO, raw: RawFormat | None = None) -> tuple[Samples, list[str]]:
    with open_pipe(stream, raw) as reader:
        blocks = list(reader.blocks(4096))
    return np.concatenate(blocks, axis=1), reader.warnings


def wav(subtype: str, samples: Samples, container: str = "WAV") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples.T, RATE, subtype=subtype, format=container)
    return file.getvalue()


@pytest.mark.parametrize("container", ["WAV", "WAVEX", "RF64"])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_wav_of_every_depth(subtype: str, container: str) -> None:
    bits = {"PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}.get(subtype, 24)
    codes = np.random.default_rng(1).integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (2, N))
    exact = codes / 2.0 ** (bits - 1)
    data = wav(subtype, exact, container)
    with pipe(data + b"LIST\x04\0\0\0more") as stream:
        samples, warnings = collect(stream)
    np.testing.assert_array_equal(samples, exact)
    assert samples.dtype == np.dtype("f8" if subtype in ("PCM_32", "DOUBLE") else "f4")
    assert warnings == []
    info = open_pipe(io.BytesIO(data), None).info
    assert (info.n_samples, info.n_channels, info.sample_rate) == (N, 2, RATE)
    assert info.codec == soundfile_codec(subtype)
    assert info.path is None


def soundfile_codec(subtype: str) -> str:
    names = {"PCM_U8": "pcm_u8", "FLOAT": "pcm_f32le", "DOUBLE": "pcm_f64le"}
    return names.get(subtype, f"pcm_s{subtype[4:]}le")


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFF000])
def test_sizes_that_the_writer_did_not_know(size: int) -> None:
    data = bytearray(wav("PCM_16", music(N)))
    data[4:8] = data[40:44] = size.to_bytes(4, "little")
    with pipe(bytes(data)) as stream:
        samples, warnings = collect(stream)
    np.testing.assert_array_equal(samples, music(N))
    assert warnings == []
    assert open_pipe(io.BytesIO(bytes(data)), None).info.n_samples is None


@needs_ffmpeg
@pytest.mark.parametrize("codec", ["pcm_s16le", "pcm_s24le", "pcm_f32le"])
def test_what_ffmpeg_writes_to_a_pipe(tmp_path: os.PathLike[str], codec: str) -> None:
    path = os.path.join(tmp_path, "song.wav")
    soundfile.write(path, music(N).T, RATE, subtype="PCM_16")
    with pipe(ffmpeg("-i", path, "-c:a", codec, "-f", "wav", "-")) as stream:
        samples, warnings = collect(stream)
    np.testing.assert_array_equal(samples, music(N))
    assert warnings == []


@given(
    n_channels=st.integers(1, 5),
    n_samples=st.integers(1, 300),
    block_samples=st.integers(1, 400),
)
@settings(max_examples=40, deadline=None)
def test_raw_floats(n_channels: int, n_samples: int, block_samples: int) -> None:
    samples = np.random.default_rng(n_samples).standard_normal((n_channels, n_samples))
    samples = samples.astype("<f4")
    stream = io.BytesIO(samples.T.tobytes())
    with open_pipe(stream, RawFormat(48_000, n_channels)) as reader:
        blocks = list(reader.blocks(block_samples))
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), samples)
    info = reader.info
    assert (info.sample_rate, info.n_channels, info.n_samples) == (48_000, n_channels, None)
    assert info.codec == "pcm_f32le" and info.is_float
    assert not stream.closed


def test_a_wav_that_breaks_off_says_so() -> None:
    data = wav("PCM_16", music(N))
    with pipe(data[: 44 + 4 * 20_000 + 3]) as stream:
        samples, warnings = collect(stream)
    np.testing.assert_array_equal(samples, music(N)[:, :20_000])
    [warning] = warnings
    assert f"ends at {20_000 / RATE:.3f} s, expected until {N / RATE:.3f} s" in warning


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "it is empty"),
        (b"ID3\x04 this is an MP3", "not WAV"),
        (wav("PCM_16", music(10))[:30], "header is damaged"),
        (wav("PCM_16", music(10))[:12] + b"data\x08\0\0\0" + bytes(8), "header is damaged"),
        (wav("PCM_16", np.zeros((2, 0))), "holds no samples"),
        (wav("ULAW", music(10)), "expected PCM or float"),
    ],
)
def test_what_is_no_wav(data: bytes, text: str) -> None:
    with pytest.raises(UnreadableAudio, match=text) as caught:
        collect(io.BytesIO(data))
    assert "standard input" in str(caught.value)


@pytest.mark.parametrize(("rate", "n_channels"), [(0, 2), (900, 1), (44100, 0), (44100, -1)])
def test_raw_formats_that_cannot_be(rate: int, n_channels: int) -> None:
    with pytest.raises(UnreadableAudio, match="expected"):
        open_pipe(io.BytesIO(bytes(64)), RawFormat(rate, n_channels))


def test_nan_in_a_pipe() -> None:
    samples = np.zeros((1, N), "<f4")
    samples[0, 22_050] = np.nan
    with pytest.raises(UnreadableAudio, match=r"a sample at 0\.500 s is NaN"):
        collect(io.BytesIO(samples.tobytes()), RawFormat(RATE, 1))
