"""ReplayGain of a song for files that are played in its place."""

# mutagen carries type hints on part of its functions only.
# mypy: allow-untyped-calls

from __future__ import annotations

from pathlib import Path

import mutagen
from mutagen._vorbis import VCommentDict
from mutagen.id3 import ID3, TXXX, Encoding

_PREFIX = "replaygain_"


def copy_replay_gain(source: Path, target: Path) -> None:
    """Give `target` the gain of `source`, so that a player changes both by the same amount.

    A stem is quieter than its song; a gain measured on the stem itself would make it as loud.
    Only ID3 and Vorbis comments carry it.
    """
    values = _read(source)
    file = mutagen.File(target) if values else None
    if file is None or file.tags is None:
        return
    for key, value in values.items():
        if isinstance(file.tags, ID3):
            file.tags.add(TXXX(encoding=Encoding.LATIN1, desc=key, text=[value]))
        elif isinstance(file.tags, VCommentDict):
            file.tags[key] = [value]
    if isinstance(file.tags, ID3):
        file.save(v2_version=3)
    else:
        file.save()


def _read(path: Path) -> dict[str, str]:
    """Lower-case key → value, e.g. "replaygain_track_gain": "-7.2 dB"."""
    try:
        file = mutagen.File(path)
    except mutagen.MutagenError:
        return {}
    tags = None if file is None else file.tags
    if isinstance(tags, ID3):
        found = {frame.desc: str(frame.text[0]) for frame in tags.getall("TXXX") if frame.text}
    elif isinstance(tags, VCommentDict):
        found = {key: value[0] for key, value in tags.as_dict().items() if value}
    else:
        return {}
    return {key.lower(): text for key, text in found.items() if key.lower().startswith(_PREFIX)}
