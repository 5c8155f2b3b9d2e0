"""Tar shards in the WebDataset format, as `vocalsep data shards` writes them, on this disk.

A sample is `<key>.<stem>.flac` (or .opus, .ogg, .wav) for every stem, and `<key>.json` with group,
bands and licences. Remote shards are read by training alone (recipe key `mixing.shards`).
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any, ClassVar

from vocalsep.data.layouts.base import LAYOUTS, Layout, split_folders
from vocalsep.data.sources import AudioFile, StemSource, Summand, is_audio
from vocalsep.errors import DataError


@LAYOUTS.register("webdataset")
class WebDataset(Layout):
    """Local tar shards."""

    summary: ClassVar[str] = "tar shards (WebDataset) with key.stem.flac and key.json"

    def matches(self, root: Path) -> bool:
        """Whether there is a tar file."""
        return root.is_dir() and any(any(root.glob(where)) for where in ("*.tar", "*/*.tar"))

    def stems(self, root: Path, split: str) -> list[StemSource]:
        """Every stem of every sample."""
        shards = [p for folder in split_folders(root, split) for p in sorted(folder.glob("*.tar"))]
        return [stem for shard in shards for stem in _stems_in(shard)]


def _stems_in(shard: Path) -> list[StemSource]:
    try:
        with tarfile.open(shard) as tar:
            members = [member for member in tar if member.isfile()]
            about = {
                member.name.removesuffix(".json"): json.loads(_read(tar, member))
                for member in members
                if member.name.endswith(".json")
            }
    except (tarfile.TarError, OSError, ValueError) as error:
        raise DataError(f"{shard}: not a whole tar shard ({error}); write it again") from error
    stems = []
    for member in members:
        key, _, target = member.name.rpartition(".")[0].rpartition(".")
        if is_audio(Path(member.name)) and key:
            file = AudioFile(shard, span=(member.offset_data, member.size))
            stems.append(
                _stem(f"{shard.name}/{member.name}", key, target, file, about.get(key, {}))
            )
    return stems


def _stem(path: str, key: str, target: str, file: AudioFile, about: dict[str, Any]) -> StemSource:
    stem = about.get("stems", {}).get(target, {})
    return StemSource(
        target,
        str(about.get("group", "shards")),
        key,
        path,
        (Summand((file,)),),
        str(stem.get("licence", "not stated")),
        float(stem.get("band_hz", 0.0)),
    )


def _read(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    return file.read() if file is not None else b"{}"
