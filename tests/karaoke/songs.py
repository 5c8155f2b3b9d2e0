"""Made songs for the karaoke tests, and the command as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from click.testing import CliRunner, Result

from tests.helpers.reading import RATE, Samples, music
from vocalsep.audio.unfinished import TEMPORARY_PREFIX
from vocalsep.cli import cli
from vocalsep.inference.manifest import MANIFEST_NAME

N_SAMPLES = 22_050


def write_sound(path: Path, n_samples: int = N_SAMPLES) -> Path:
    """`music` in the format that the suffix says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, music(n_samples).T, RATE)
    return path


def karaoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["karaoke", *map(str, arguments)])


def events(result: Result, kind: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in result.stdout.splitlines()]
    return [event for event in found if event["event"] == kind]


def listing(folder: Path) -> list[str]:
    """Names in a folder, without the manifest; nothing unfinished may be among them."""
    names = sorted(path.name for path in folder.iterdir() if path.name != MANIFEST_NAME)
    assert not any(name.startswith(TEMPORARY_PREFIX) for name in names)
    return names


def snapshot(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def loudness(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples))))
