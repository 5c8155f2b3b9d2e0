"""Every test here works in an empty folder, with a network that is known exactly."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.fake_models import use_network
from vocalsep.models.identity import IdentitySeparator


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, with a network that calls half of everything voice."""
    monkeypatch.chdir(tmp_path)
    use_network(monkeypatch, IdentitySeparator(gain=0.5, chunk_samples=8192))
    return tmp_path
