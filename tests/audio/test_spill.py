"""Arrays that lie in files: the same numbers, and nothing stays behind."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from vocalsep.audio import spill
from vocalsep.audio.spill import gathered, room


@pytest.mark.parametrize("limit", [0, 500, 10**9])
@pytest.mark.parametrize("size", [(2,), (3, 2)])
def test_blocks_are_joined(
    size: tuple[int, ...],
    limit: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rng: np.random.Generator,
) -> None:
    monkeypatch.setattr(spill, "LARGE_BYTES", limit)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    whole = rng.standard_normal((*size, 301))
    cuts = [0, 1, 40, 40, 200, 301]
    found = gathered(whole[..., a:b] for a, b in pairwise(cuts))
    assert found.dtype == np.float32 and found.shape == whole.shape
    np.testing.assert_array_equal(found, whole.astype(np.float32))
    space = room((2, 100))
    space[:] = 1.5
    assert space.shape == (2, 100) and space.dtype == np.float32 and (space == 1.5).all()
    assert isinstance(space, np.memmap) == (limit < 800)
    assert not list(tmp_path.iterdir())
