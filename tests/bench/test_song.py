"""The synthetic song: as long as asked, stereo, never clipped, the same every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from vocalsep.bench.song import SAMPLE_RATE, song_block, write_song


@pytest.mark.parametrize(("seconds", "suffix"), [(1, "wav"), (10, "flac"), (23, "wav")])
def test_length_is_exact(tmp_path: Path, seconds: int, suffix: str) -> None:
    path = tmp_path / f"song.{suffix}"
    write_song(path, seconds)
    info = soundfile.info(path)
    assert (info.frames, info.channels) == (seconds * SAMPLE_RATE, 2)
    assert (info.samplerate, info.subtype) == (SAMPLE_RATE, "PCM_16")


def test_the_same_every_time_and_loud_but_not_clipped() -> None:
    block = song_block()
    assert np.array_equal(block, song_block())
    peak = np.abs(block.astype(int)).max()
    assert 8192 < peak < 32767
    assert not np.array_equal(block[:, 0], block[:, 1])
