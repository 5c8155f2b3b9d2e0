"""A small JSON file beside the stems that tells what they were made from.

It lets `--skip-existing` know what is up to date and `verify` know what was asked:

    {"vocalsep.manifest": 1,
     "songs": [{"source": "song.mp3", "input_sha256": "…", "model": "vocals",
                "model_sha256": "…", "options": {…}, "gain": 1.0,
                "outputs": {"vocals": "vocals.wav", …}, "stems": ["vocals", …]}]}

Output names are relative to the manifest's folder; no two entries share one. A manifest that
cannot be read counts as empty: the worst that follows is that a song is separated again.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from vocalsep.audio.unfinished import UnfinishedName
from vocalsep.errors import OutputError

MANIFEST_NAME = ".vocalsep.json"
_VERSION_KEY = "vocalsep.manifest"
_HASH_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Entry:
    """What one song's stems were made from."""

    source: str  # file name
    input_sha256: str
    model: str
    model_sha256: str
    options: dict[str, Any]
    gain: float
    outputs: dict[str, str]  # stem -> path relative to the manifest's folder
    # All stems of the model: outputs may be fewer. Entries without it are of two-stem models.
    stems: list[str] = field(default_factory=lambda: ["vocals", "accompaniment"])


def read_manifest(path: Path) -> list[Entry]:
    """All entries; none if there is no manifest or it cannot be understood."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content[_VERSION_KEY] != 1:
            return []
        entries = [Entry(**entry) for entry in content["songs"]]
        return [entry for entry in entries if isinstance(entry.outputs, dict)]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def listed_outputs(path: Path) -> set[str]:
    """All output names in the manifest at `path`."""
    return {name for entry in read_manifest(path) for name in entry.outputs.values()}


def add_entry(path: Path, entry: Entry) -> None:
    """Write `entry` into the manifest at `path`, atomically, keeping those of other outputs.

    Raises:
        OutputError: the file cannot be written.
    """
    replaced = set(entry.outputs.values())
    others = [old for old in read_manifest(path) if not replaced & set(old.outputs.values())]
    songs = sorted([*others, entry], key=lambda each: sorted(each.outputs.values()))
    content = {_VERSION_KEY: 1, "songs": [asdict(song) for song in songs]}
    try:
        with closing(UnfinishedName(path.parent)) as name:
            temporary = name.path(".json")
            temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")
            temporary.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


def is_up_to_date(path: Path, wanted: Entry) -> bool:
    """Whether the manifest has this very entry (whatever the gain) and its files are all there."""
    if not any(replace(entry, gain=wanted.gain) == wanted for entry in read_manifest(path)):
        return False
    return all((path.parent / name).is_file() for name in wanted.outputs.values())


def file_sha256(path: Path) -> str:
    """Hash of a file's bytes, in constant memory."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
