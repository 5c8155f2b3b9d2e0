"""Banks: what was packed is what is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.helpers.synth import RATE, make_bank, voice
from vocalsep.data.bank import Bank
from vocalsep.errors import DataError


def test_segments_come_back_to_half_a_step(tmp_path: Path) -> None:
    bank = make_bank(tmp_path)
    segment = bank.read(bank.tracks[0], 100, 500)
    assert segment.dtype == np.float32
    np.testing.assert_allclose(segment, voice(4 * RATE)[:, 100:600], atol=0.51 / 32767)


def test_zeros_beyond_both_ends(tmp_path: Path) -> None:
    bank = make_bank(tmp_path)
    track = bank.tracks[1]
    segment = bank.read(track, -10, track.n_samples + 30)
    assert segment.shape == (2, track.n_samples + 30)
    assert not segment[:, :10].any()
    assert not segment[:, -20:].any()
    assert segment[:, 10:-20].any()


def test_a_folder_that_is_no_bank_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="vocalsep data pack"):
        Bank(tmp_path)


def test_a_bank_with_a_short_file_is_refused(tmp_path: Path) -> None:
    bank = make_bank(tmp_path)
    (tmp_path / "k0.i16").write_bytes(b"\0\0")
    with pytest.raises(DataError, match="pack the bank again"):
        bank.read(bank.tracks[0], 0, 10)
