"""Where a song's lyrics are: a .lrc beside it, or inside its tags."""

# mutagen carries type hints on part of its functions only.
# mypy: allow-untyped-calls

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import mutagen
from mutagen.id3 import ID3

from vocalsep.audio.tags import read_tags
from vocalsep.karaoke.lyrics import Word, decode, format_lrc, has_stamps, retime_lrc, with_ends
from vocalsep.karaoke.options import Treatment

_MILLISECONDS = 2  # of the time stamps of ID3's SYLT; the other unit counts MPEG frames


@dataclass(frozen=True)
class Lrc:
    """Synced lyrics as LRC; `data` is the file as it was found, None if they were embedded."""

    text: str
    data: bytes | None = None

    def treated(self, treatment: Treatment) -> bytes:
        """The content of a .lrc for the treated song; the very bytes if all times stay."""
        if treatment.keeps_times:
            return self.text.encode("utf-8") if self.data is None else self.data
        return retime_lrc(self.text, treatment).encode("utf-8")


def find_lrc(song: Path) -> Lrc | None:
    """Synced lyrics of a song, those beside it first."""
    for path in (song.with_suffix(".lrc"), song.with_suffix(".LRC")):
        if path.is_file():
            data = path.read_bytes()
            return Lrc(decode(data), data) if has_stamps(decode(data)) else None
    embedded = _sylt(song) or "\n".join(read_tags(song).text.get("lyrics", ()))
    return Lrc(embedded) if has_stamps(embedded) else None


def _sylt(song: Path) -> str:
    """ID3's synchronised lyrics as LRC: new lines begin with a line end."""
    try:
        file = mutagen.File(song)
    except mutagen.MutagenError:
        return ""
    tags = None if file is None else file.tags
    frames = tags.getall("SYLT") if isinstance(tags, ID3) else []
    frames = [frame for frame in frames if frame.format == _MILLISECONDS and frame.type in (0, 1)]
    if not frames:
        return ""
    lines: list[list[Word]] = []
    for text, stamp_ms in frames[0].text:
        if not lines or text.startswith("\n"):
            lines.append([])
        lines[-1].append(Word(stamp_ms / 1000.0, text.strip("\n")))
        if text.endswith("\n"):
            lines.append([])
    return format_lrc(with_ends(tuple(line) for line in lines if line))
