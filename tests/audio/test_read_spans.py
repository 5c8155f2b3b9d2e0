"""Spans are exact to the sample in every format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.helpers.reading import RATE, ffmpeg, needs_ffmpeg, read, write_song
from vocalsep.audio.read import Span, open_audio
from vocalsep.errors import UnreadableAudio

N = 50_003


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("spans")
    write_song(folder, N)
    for name in ("song.flac", "song.mp3", "song.m4a", "song.ogg", "song.mkv"):
        codec = ["-c:a", "libvorbis"] if name in ("song.ogg", "song.mkv") else []
        ffmpeg("-i", folder / "song.wav", *codec, folder / name)
    return folder


@needs_ffmpeg
@pytest.mark.parametrize("container", ["wav", "flac", "mp3", "m4a", "ogg", "mkv"])
@given(
    start=st.integers(0, N - 100), length=st.integers(1, N), block_samples=st.integers(200, 70_000)
)
@example(start=0, length=N, block_samples=65536)
@example(start=N - 101, length=1, block_samples=65536)
@settings(max_examples=15, deadline=None)
def test_a_span_is_a_slice(
    folder: Path, container: str, start: int, length: int, block_samples: int
) -> None:
    path = folder / f"song.{container}"
    whole = read(path)
    span = Span(start / RATE, (start + length) / RATE)
    expected = whole[:, start : start + length]
    with open_audio(path, span) as reader:
        blocks = list(reader.blocks(block_samples))
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), expected)
    assert reader.info.n_samples in (None, expected.shape[1])
    assert (reader.info.n_samples is None) == (container == "mkv")
    assert reader.length_hint_s == pytest.approx(expected.shape[1] / RATE, abs=0.02)
    assert reader.warnings == []


@pytest.mark.parametrize("block_samples", [1, 7, 4096, 10**7])
def test_blocks_hold_every_sample_once(folder: Path, block_samples: int) -> None:
    for name in ("song.wav", "song.flac"):
        span = Span(1.0, 1.01)
        with open_audio(folder / name, span) as reader:
            sizes = [block.shape[1] for block in reader.blocks(block_samples)]
        assert sum(sizes) == 441 and min(sizes) > 0


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (Span(-1.0), "is empty"),
        (Span(1.0, 1.0), "is empty"),
        (Span(0.5, 0.1), "from 0.5 s to 0.1 s is empty"),
        (Span(2.0), "starts at 2 s, but the sound ends at 1.134 s"),
        (Span(float("nan")), "is empty"),
    ],
)
def test_an_empty_span_is_an_error(folder: Path, span: Span, text: str) -> None:
    with pytest.raises(UnreadableAudio, match=text):
        open_audio(folder / "song.wav", span)


def test_a_span_behind_an_unknown_end(folder: Path) -> None:
    with (
        open_audio(folder / "song.mkv", Span(20.0)) as reader,
        pytest.raises(UnreadableAudio, match="no samples from 20 s on"),
    ):
        list(reader.blocks())
