"""The sung words of an UltraStar song, with their times.

A beat of the notes is a quarter of a beat of #BPM, and the first lies at #GAP (ms).
"""

from __future__ import annotations

from vocalsep.errors import UnreadableAudio
from vocalsep.karaoke.lyrics import Line, Word, with_ends
from vocalsep.karaoke.ultrastar_text import SongText

_NOTES = ":*FRGrg"
_BEATS_PER_BPM = 4
_AFTER_S = 0.5  # a line stays so long after its last note


def song_lines(text: SongText, name: str) -> list[Line]:
    """The lines of the first singer (duets have two).

    Args:
        text: of the song.
        name: of the file, for messages.

    Raises:
        UnreadableAudio: it has no tempo, or changes it.
    """
    try:
        bpm = float((text.get("BPM") or "0").replace(",", "."))
        gap_s = float((text.get("GAP") or "0").replace(",", ".")) / 1000.0
    except ValueError:
        bpm = 0.0
    body = [line.lstrip() for line in text.body()]
    changes = any(line.startswith("B ") for line in body)
    if bpm <= 0 or changes or (text.get("RELATIVE") or "").upper() == "YES":
        raise UnreadableAudio(
            f"{name}: its words cannot be timed; expected one positive #BPM and absolute beats"
        )
    beat_s = 60.0 / (bpm * _BEATS_PER_BPM)
    lines: list[tuple[Word, ...]] = []
    breaks: list[float] = []
    words: list[Word] = []
    for row in body:
        if row[:1] in ("-", "E", "P") and words:
            lines.append(tuple(words))
            words = []
        if row[:2] in ("P2", "P 2") or row[:1] == "E":
            break
        if row[:1] in _NOTES and row[:1]:
            start, length, syllable = _note(row, name)
            words.append(Word(gap_s + start * beat_s, syllable))
            breaks.append(gap_s + (start + length) * beat_s + _AFTER_S)
    if words:
        lines.append(tuple(words))
    return with_ends(lines, _line_ends(lines, breaks))


def _note(row: str, name: str) -> tuple[int, int, str]:
    """(beat, length in beats, syllable) of ": 12 3 -4  la"; "~" holds the syllable before."""
    parts = row[1:].lstrip().split(" ", 3)
    try:
        start, length = int(parts[0]), int(parts[1])
    except (ValueError, IndexError):
        raise UnreadableAudio(f"{name}: {row!r} is no note") from None
    syllable = parts[3] if len(parts) > 3 else ""
    return start, length, syllable.replace("~", "")


def _line_ends(lines: list[tuple[Word, ...]], ends: list[float]) -> list[float]:
    """The last of the note ends of every line."""
    found, n_before = [], 0
    for line in lines:
        n_before += len(line)
        found.append(ends[n_before - 1])
    return found
