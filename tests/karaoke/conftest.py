"""Every karaoke test works in an empty folder, with a network that calls half of all voice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.fake_models import use_network
from vocalsep.models.identity import IdentitySeparator

VOICE_GAIN = 0.5


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    use_network(monkeypatch, IdentitySeparator(gain=VOICE_GAIN, chunk_samples=8192))
    return tmp_path
