"""`vocalsep separate` as a user runs it: its result, its events, what it leaves behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from click.testing import CliRunner, Result

from vocalsep.cli import cli
from vocalsep.inference.manifest import MANIFEST_NAME

STEMS = ["accompaniment.wav", "vocals.wav"]


def write_song(name: str, n_samples: int = 30000, seed: int = 0) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    codes = np.random.default_rng(seed).integers(-9000, 9000, (n_samples, 2), dtype=np.int16)
    soundfile.write(path, codes, 44100, subtype="PCM_16")
    return path


def separate(*arguments: str, **keywords: Any) -> Result:
    return CliRunner().invoke(cli, ["separate", *arguments], **keywords)


def events(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def of_kind(result: Result, kind: str) -> list[dict[str, Any]]:
    return [event for event in events(result) if event["event"] == kind]


def listing(folder: str | Path) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir() if path.name != MANIFEST_NAME)
