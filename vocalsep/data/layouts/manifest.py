"""A list of stems: tab-separated, CSV, or JSON lines, with the columns

    target  path                            needed
    group  song  band_hz  licence  split    may be left out

`path` is relative to the list's folder, or to the root that is given with it. It names a file, a
folder (its audio files are joined in order of name into one track), one of several audio tracks
("song.stem.mp4#4"), several files that are summed ("drums.ogg + song.ogg"), or a difference
("song.mp3 - instrumental.mp3"). `band_hz` is 0 for full-band sources.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from vocalsep.data.layouts.base import LAYOUTS, Layout, audio_files
from vocalsep.data.sources import AudioFile, StemSource, Summand
from vocalsep.errors import DataError
from vocalsep.registry import did_you_mean

NEEDED = ("target", "path")
COLUMNS = (*NEEDED, "group", "song", "band_hz", "licence", "split")
DELIMITERS = {".tsv": "\t", ".csv": ",", ".txt": "\t"}
JSON_LINES = (".jsonl", ".ndjson")


@LAYOUTS.register("manifest")
class Manifest(Layout):
    """A list of stems."""

    summary: ClassVar[str] = "a list: .tsv, .csv or .jsonl with target, path and more"

    def matches(self, root: Path) -> bool:
        """Whether it is a file with the suffix of a list."""
        return root.is_file() and root.suffix.lower() in {*DELIMITERS, *JSON_LINES}

    def stems(self, root: Path, split: str) -> list[StemSource]:
        """Every line of the split; lines without one are in `train`."""
        return read_list(root, root.parent, split)


def read_list(path: Path, root: Path, split: str = "train+valid") -> list[StemSource]:
    """The stems of a list file.

    Args:
        root: where its paths start.

    Raises:
        DataError: unreadable, a wrong header, no rows, or a band that is no number.
    """
    try:
        stems = []
        for number, row in _rows(path):
            if (row.get("split") or "train") in split.split("+"):
                stems.append(_stem(row, root, f"{path}, line {number}"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as a list of stems: {error}") from error
    if not stems:
        raise DataError(f"{path}: lists no stems of {split}; name at least one")
    return stems


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """(line number, columns)."""
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix.lower() in JSON_LINES:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, _json_row(line, f"{path}, line {number}")
            return
        reader = csv.DictReader(file, delimiter=DELIMITERS.get(path.suffix.lower(), "\t"))
        _check_columns(reader.fieldnames or [], f"{path}: its header")
        for row in reader:
            yield reader.line_num, {key: value or "" for key, value in row.items() if key}


def _json_row(line: str, where: str) -> dict[str, str]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise DataError(f"{where}: not JSON ({error})") from error
    if not isinstance(row, dict):
        raise DataError(f"{where}: expected an object with {', '.join(NEEDED)}")
    _check_columns(row, where)
    return {key: str(value) for key, value in row.items()}


def _check_columns(names: Collection[str], where: str) -> None:
    for name in NEEDED:
        if name not in names:
            raise DataError(f"{where} lacks {name!r}; expected {', '.join(COLUMNS)}")
    for name in names:
        if name not in COLUMNS:
            hint = did_you_mean(name, list(COLUMNS))
            raise DataError(f"{where} has the unknown column {name!r}: {hint}")


def _stem(row: Mapping[str, str], root: Path, where: str) -> StemSource:
    try:
        band_hz = float(row.get("band_hz") or 0)
    except ValueError:
        raise DataError(f"{where}: band_hz is {row['band_hz']!r}, expected a number") from None
    if not row["target"] or not row["path"]:
        raise DataError(f"{where}: target or path is empty")
    return StemSource(
        row["target"],
        row.get("group") or "list",
        row.get("song") or "",
        row["path"],
        _summands(row["path"], root),
        row.get("licence") or "not stated",
        band_hz,
    )


def _summands(text: str, root: Path) -> tuple[Summand, ...]:
    """ "a.ogg + b.ogg - c.ogg" as files with signs; the operators need spaces around them.

    A path that exists as it is written is never taken apart.
    """
    if (root / text).exists():
        return (Summand(_files(root / text)),)
    first, *rest = re.split(r" ([+-]) ", text)
    parts = [("+", first), *zip(rest[::2], rest[1::2], strict=True)]
    return tuple(
        Summand(_files(root / part.strip()), 1 if sign == "+" else -1) for sign, part in parts
    )


def _files(path: Path) -> tuple[AudioFile, ...]:
    """A file, the files of a folder, or the audio track after "#"; missing ones fail when read."""
    if path.is_dir():
        return tuple(AudioFile(file) for file in audio_files(path))
    name, mark, number = path.name.rpartition("#")
    if mark and number.isdigit() and not path.exists():
        return (AudioFile(path.with_name(name), int(number)),)
    return (AudioFile(path),)
