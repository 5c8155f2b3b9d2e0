"""WAV headers: when RF64 begins and what it says."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.helpers.players import played
from tests.helpers.reading import needs_ffmpeg
from tests.helpers.writing import blocks_of, full_scale, planned
from vocalsep.audio._write_wav import MAX_SIZE, WavEncoder, wav_bytes, wav_header, wav_payload


@needs_ffmpeg
@pytest.mark.parametrize("subtype", ["pcm_16", "pcm_24", "float32"])
@pytest.mark.parametrize("layout", ["mono", "stereo", "5.1"])
def test_rf64_files_give_back_every_sample(tmp_path: Path, subtype: str, layout: str) -> None:
    stem_format = planned("wav", subtype, layout)
    audio = blocks_of(stem_format, 1001)
    path = tmp_path / "stem.wav"
    with open(path, "wb") as file:
        encoder = WavEncoder(file, stem_format, max_size=2000)
        encoder.write(audio[:, :400])
        encoder.write(audio[:, 400:])
        encoder.close()
    assert path.read_bytes()[:4] == b"RF64"
    assert soundfile.info(path).format == "RF64"
    expected = full_scale(stem_format, audio)
    heard = soundfile.read(path, dtype="float64", always_2d=True)[0].T
    np.testing.assert_array_equal(heard, expected)
    np.testing.assert_array_equal(played(path, stem_format.n_channels), expected)


@pytest.mark.parametrize("n_samples", [499, 500, 501])
def test_rf64_begins_with_the_first_file_that_is_too_large(n_samples: int) -> None:
    stem_format = planned("wav", "pcm_16")
    limit = wav_bytes(stem_format, 500)
    file = io.BytesIO()
    encoder = WavEncoder(file, stem_format, limit)
    encoder.write(np.ones((2, n_samples), np.int32))
    encoder.close()
    data = file.getvalue()
    assert len(data) == wav_bytes(stem_format, n_samples)
    assert data[:4] == (b"RIFF" if n_samples <= 500 else b"RF64")


def test_sizes_past_4_gb_are_in_the_64_bit_fields() -> None:
    stem_format = planned("wav", "pcm_24")
    n_bytes = 6 * 10**9
    header = wav_header(stem_format, n_bytes)
    assert len(header) == len(wav_header(stem_format, 0))
    name, size, form, ds64, length, riff, data, samples = struct.unpack_from("<4sI4s4sIQQQ", header)
    assert (name, size, form, ds64, length) == (b"RF64", MAX_SIZE, b"WAVE", b"ds64", 28)
    assert (riff, data, samples) == (len(header) - 8 + n_bytes, n_bytes, 10**9)
    assert header[-8:] == b"data" + struct.pack("<I", MAX_SIZE)


def test_size_is_told_in_advance() -> None:
    for subtype in ("pcm_8", "pcm_16", "pcm_24", "float32"):
        stem_format = planned("wav", subtype, "mono")
        file = io.BytesIO()
        encoder = WavEncoder(file, stem_format)
        encoder.write(blocks_of(stem_format, 333))
        encoder.close()
        assert len(file.getvalue()) == wav_bytes(stem_format, 333)


def test_bytes_of_each_depth() -> None:
    codes = np.array([[-128, 1], [127, -1]], np.int32)
    assert wav_payload(codes, planned("wav", "pcm_8")) == bytes([0, 255, 129, 127])
    assert wav_payload(codes, planned("wav", "pcm_16")) == struct.pack("<4h", -128, 127, 1, -1)
    assert wav_payload(codes, planned("wav", "pcm_24"))[:6] == b"\x80\xff\xff\x7f\x00\x00"
    assert wav_payload(codes, planned("wav", "pcm_32")) == struct.pack("<4i", -128, 127, 1, -1)
