"""What is said and what is left when writing fails."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.writing import blocks_of, planned, write
from vocalsep.audio import _output_file
from vocalsep.audio.formats import FORMATS, StemFormat
from vocalsep.audio.tags import Tags
from vocalsep.audio.write import open_pipe_writer, open_writer
from vocalsep.errors import OutputError


@contextmanager
def full_disk(n_bytes: int) -> Iterator[None]:
    """No file can grow beyond `n_bytes`."""
    resource = pytest.importorskip("resource", reason="needs file size limits to fill the disk")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def noise_of(stem_format: StemFormat) -> np.ndarray:
    """(2, N) as the writer takes it, and hardly compressible."""
    audio = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 200_000))
    if stem_format.bit_depth is None:
        return audio.astype(np.float32)
    return (audio * 2.0 ** (stem_format.bit_depth - 1)).astype(np.int32)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("limit", [0, 30_000])
def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path, name: str, limit: int) -> None:
    stem_format = planned(name)
    audio = noise_of(stem_format)
    with pytest.raises(OutputError) as caught, full_disk(limit):
        write(tmp_path / "stem", stem_format, audio)
    assert "cannot write" in str(caught.value) and "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["wav", "flac"])
def test_a_full_disk_stops_the_work_at_once(tmp_path: Path, name: str) -> None:
    stem_format = planned(name)
    audio = noise_of(stem_format)
    writer = open_writer(tmp_path / "stem", stem_format, None)
    with pytest.raises(OutputError), full_disk(30_000):
        writer.write(audio)  # long before `finish`
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", FORMATS)
def test_a_disk_that_fills_while_tagging(tmp_path: Path, name: str) -> None:
    stem_format = planned(name)
    writer = open_writer(tmp_path / "stem", stem_format, None, Tags({"title": ("x" * 40_000,)}))
    writer.write(blocks_of(stem_format, 1000))
    with pytest.raises(OutputError, match="cannot write"), full_disk(20_000):
        writer.commit()
    assert os.listdir(tmp_path) == []


def test_too_little_space_is_known_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(_output_file.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(OutputError, match=r"needs 6\.0 MB and 1\.0 MB are free"):
        open_writer(tmp_path / "stem.wav", planned("wav"), 1_000_000)
    open_writer(tmp_path / "stem.wav", planned("wav"), 100_000).abort()
    assert os.listdir(tmp_path) == []


def test_unwritable_places_are_named_in_one_line(tmp_path: Path) -> None:
    stem_format = planned("wav")
    for n_samples in (None, 10):
        with pytest.raises(OutputError, match=r"cannot write .*none.*; make its folder first$"):
            open_writer(tmp_path / "none" / "stem.wav", stem_format, n_samples)
    (tmp_path / "stem.wav").mkdir()
    with pytest.raises(OutputError, match="cannot write"):
        write(tmp_path / "stem.wav", stem_format, blocks_of(stem_format, 10))
    assert os.listdir(tmp_path) == ["stem.wav"]


@pytest.mark.parametrize("name", FORMATS)
def test_an_interrupted_stem_leaves_nothing(tmp_path: Path, name: str) -> None:
    stem_format = planned(name)
    path = tmp_path / "stem"
    path.write_bytes(b"before")
    with pytest.raises(KeyboardInterrupt), open_writer(path, stem_format, None) as writer:
        writer.write(blocks_of(stem_format, 20000))
        raise KeyboardInterrupt
    del writer  # encoders flush when they are collected: into a closed file
    assert os.listdir(tmp_path) == ["stem"] and path.read_bytes() == b"before"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_a_pipe_is_one_line() -> None:
    stem_format = planned("wav")
    stream = io.BufferedWriter(io.FileIO("/dev/full", "w"))
    writer = open_pipe_writer(stream, stem_format)
    with pytest.raises(OutputError, match=r"standard output: No space left on device; free"):
        for _ in range(100):
            writer.write(blocks_of(stem_format, 1000))
    with pytest.raises(OutputError):
        writer.close()
    with pytest.raises(OSError):
        stream.close()


def test_a_closed_pipe_is_one_line() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with io.FileIO(writing, "w") as stream, pytest.raises(OutputError, match="reads the pipe"):
        open_pipe_writer(stream, planned("wav"))
