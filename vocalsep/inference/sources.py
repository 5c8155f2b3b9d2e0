"""Turn the inputs of a command into the list of files to separate."""

from __future__ import annotations

import os
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from vocalsep.errors import VocalsepError
from vocalsep.inference.manifest import MANIFEST_NAME, listed_outputs
from vocalsep.inference.names import Source

#: What is taken from a folder. A file named on the command line may have any suffix.
AUDIO_SUFFIXES = frozenset(
    (
        *(".wav", ".wave", ".bwf", ".rf64", ".w64", ".aif", ".aiff", ".aifc", ".caf", ".au"),
        *(".flac", ".mp3", ".ogg", ".oga", ".opus", ".m4a", ".m4b", ".aac", ".alac", ".wma"),
        *(".asf", ".mka", ".mp4", ".m4v", ".mkv", ".webm", ".mov", ".avi"),
    )
)


@dataclass(frozen=True)
class Failure:
    """A source that was not separated, and why, in one line."""

    source: str
    error: VocalsepError


def find_sources(
    inputs: tuple[str, ...],
    recursive: bool,
    output: Path,
    suffixes: AbstractSet[str] = AUDIO_SUFFIXES,
    what: str = "audio",
) -> tuple[list[Source], list[Failure]]:
    """Files in the order given, those of a folder sorted by path, each only once.

    Args:
        inputs: files and folders.
        recursive: also take the folders inside folders.
        output: the output folder: what lies in it is not taken again.
        suffixes: of the files that are taken from a folder.
        what: they are, for the message about a folder without.
    """
    sources: dict[Path, Source] = {}
    failures = []
    for name in inputs:
        path = Path(name)
        if path.is_dir():
            found = [each for each in _in_folder(path, recursive, output) if _has(each, suffixes)]
        else:
            found = [Source(path)]
        if not found:
            more = "" if recursive else "; --recursive also looks into the folders inside"
            failures.append(Failure(name, VocalsepError(f"{name}: no {what} in this folder{more}")))
        for source in found:
            sources.setdefault(source.path.resolve(), source)
    return list(sources.values()), failures


def _has(source: Source, suffixes: AbstractSet[str]) -> bool:
    return source.path.suffix.lower() in suffixes


def _in_folder(top: Path, recursive: bool, output: Path) -> Iterator[Source]:
    avoid = output.resolve()
    for folder_name, subfolders, file_names in os.walk(top):
        folder = Path(folder_name)
        subfolders[:] = sorted(
            name
            for name in subfolders
            if recursive and not name.startswith(".") and (folder / name).resolve() != avoid
        )
        ours = listed_outputs(folder / MANIFEST_NAME)
        for name in sorted(file_names):
            # Hidden files: macOS leaves "._song.mp3" without audio beside every song.
            if not name.startswith(".") and name not in ours:
                yield Source(folder / name, folder.relative_to(top))
