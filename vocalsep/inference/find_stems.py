"""Find the stems that were written for a source, with the manifest's help or by their names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vocalsep.audio.read import Span
from vocalsep.errors import UnreadableAudio, VocalsepError
from vocalsep.inference.manifest import MANIFEST_NAME, read_manifest

# What is usually told apart; an accompaniment is all but the vocals together.
_SINGLE = ("vocals", "drums", "bass", "guitar", "piano", "other", "residual")


@dataclass(frozen=True)
class WrittenStems:
    """Stem files and what they were made from.

    Attributes:
        paths: per stem.
        span: the part of the source that was separated.
        gain: what all stems were multiplied with.
    """

    paths: dict[str, Path]
    span: Span
    gain: float


def find_stems(source: Path, folder: Path) -> list[WrittenStems]:
    """Stems of `source` in `folder`, or in the folder there that is named after it.

    Returns:
        One item per set of stems, e.g. one of WAV and one of FLAC files.

    Raises:
        UnreadableAudio: the folder does not exist.
        VocalsepError: it does not hold all stems of the source.
    """
    if not folder.is_dir():
        raise UnreadableAudio(f"{folder}: no such folder; expected one with written stems")
    for place in (folder, folder / source.stem):
        found = _listed(source, place) or _named(place)
        if found:
            return found
    raise VocalsepError(
        f"{folder}: no complete set of stems of {source.name}; the null test needs all stems "
        "that were separated together"
    )


def _listed(source: Path, place: Path) -> list[WrittenStems]:
    found = []
    for entry in read_manifest(place / MANIFEST_NAME):
        paths = {stem: place / name for stem, name in entry.outputs.items()}
        complete = set(paths) == set(entry.stems) and all(p.is_file() for p in paths.values())
        if entry.source == source.name and complete:
            span = Span(float(entry.options.get("start_s", 0.0)), entry.options.get("end_s"))
            found.append(WrittenStems(paths, span, entry.gain))
    return found


def _named(place: Path) -> list[WrittenStems]:
    """Stems that lost their manifest or came one by one: files of one suffix, named like stems."""
    if not place.is_dir():
        return []
    by_suffix: dict[str, dict[str, Path]] = {}
    for path in sorted(place.iterdir()):
        by_suffix.setdefault(path.suffix, {})[path.stem] = path
    return [
        WrittenStems({name: paths[name] for name in names}, Span(), 1.0)
        for paths in by_suffix.values()
        for names in (("vocals", "accompaniment"), tuple(s for s in _SINGLE if s in paths))
        if len(names) > 1 and all(name in paths for name in names)
    ]
