"""Made sounds on disk: level, shape, rate, nothing half-written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from vocalsep.data.flac import levelled, write_flac
from vocalsep.errors import OutputError


@pytest.mark.parametrize("shape", [(500,), (2, 500)])
def test_round_trip(shape: tuple[int, ...], tmp_path: Path) -> None:
    sound = levelled(np.random.default_rng(0).standard_normal(shape))
    assert np.abs(sound).max() == pytest.approx(0.9)
    write_flac(tmp_path / "new" / "a.flac", sound, 16_000)
    found, rate = soundfile.read(tmp_path / "new" / "a.flac")
    assert rate == 16_000
    np.testing.assert_allclose(found.T, sound, atol=1 / 32768)


def test_silence_and_nothing_keep_their_level() -> None:
    assert not levelled(np.zeros((2, 9), np.float32)).any()
    assert levelled(np.zeros((2, 0))).shape == (2, 0)


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_flac(tmp_path / "file" / "a.flac", np.zeros(9), 8000)
