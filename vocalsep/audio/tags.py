"""Tags."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vocalsep.audio.formats import StemFormat


@dataclass(frozen=True)
class Tags:
    name: str = ""


def write_tags(path: Path, tags: Tags, stem_format: StemFormat) -> None: ...
