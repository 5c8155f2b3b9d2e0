"""Lyrics with times: LRC files, and the lines and words that every source is turned into.

LRC: "[mm:ss.xx]line", several stamps for repeated lines, "<mm:ss.xx>" before words, and
"[offset:±ms]", where a positive offset shows everything earlier.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from vocalsep.karaoke.options import Treatment

_STAMP = re.compile(r"(?P<open>[\[<])(?P<min>\d+):(?P<sec>\d{1,2})(?:[.:](?P<part>\d{1,3}))?[\]>]")
_LEADING = re.compile(r"\s*\[\d+:\d{1,2}(?:[.:]\d{1,3})?\]")
_OFFSET = re.compile(r"\[offset:\s*(?P<ms>[+-]?\d+)\s*\]", re.IGNORECASE)

#: A line without a known end is shown so long at most (s).
_LONGEST_S = 8.0


@dataclass(frozen=True)
class Word:
    """Text with its spaces and the time at which it is sung (s)."""

    start_s: float
    text: str


@dataclass(frozen=True)
class Line:
    """What is shown at once; `words` is never empty, its first word starts the line."""

    words: tuple[Word, ...]
    end_s: float

    @property
    def start_s(self) -> float:
        """When its first word is sung."""
        return self.words[0].start_s

    @property
    def text(self) -> str:
        """The whole line."""
        return "".join(word.text for word in self.words).strip()


def decode(data: bytes) -> str:
    """Text of a lyrics file: UTF-8 with or without mark, UTF-16 with mark, else CP1252."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def has_stamps(text: str) -> bool:
    """Whether a text is LRC and not just words."""
    return any(_LEADING.match(line) for line in text.splitlines())


def parse_lrc(text: str) -> list[Line]:
    """The lines in the order in which they are sung.

    >>> [(line.start_s, line.text) for line in parse_lrc("[00:01.50]La\\n[00:03.00]<00:03.10>Laa")]
    [(1.5, 'La'), (3.1, 'Laa')]
    """
    offset = _OFFSET.search(text)
    shift_s = int(offset["ms"]) / 1000.0 if offset else 0.0
    found: list[tuple[Word, ...]] = []
    breaks: list[float] = []
    for raw in text.splitlines():
        starts, rest = _leading_stamps(raw)
        for start_s in starts:
            words = _words(rest, start_s, shift_s)
            if "".join(word.text for word in words).strip():
                found.append(words)
            else:
                breaks.append(max(start_s - shift_s, 0.0))
    return with_ends(found, breaks)


def with_ends(words: Iterable[tuple[Word, ...]], breaks: Iterable[float] = ()) -> list[Line]:
    """Lines that end where the next one or a break begins."""
    ordered = sorted(words, key=lambda line: line[0].start_s)
    borders = sorted([*(line[0].start_s for line in ordered), *breaks])
    lines = []
    for line in ordered:
        later = [border for border in borders if border > line[0].start_s]
        end_s = min([line[-1].start_s + _LONGEST_S, *later[:1]])
        lines.append(Line(line, end_s))
    return lines


def format_lrc(lines: list[Line]) -> str:
    """LRC with one stamp a line, and one a word where a line has several."""
    rows = []
    for line in lines:
        words = line.text
        if len(line.words) > 1:
            words = "".join(f"<{_clock(word.start_s)}>{word.text}" for word in line.words)
        rows.append(f"[{_clock(line.start_s)}]{words}\n")
    return "".join(rows)


def retime_lrc(text: str, treatment: Treatment) -> str:
    """Every stamp (and the offset) as the treated song needs it; all else as it was."""

    def stamp(match: re.Match[str]) -> str:
        close = {"[": "]", "<": ">"}[match["open"]]
        return f"{match['open']}{_clock(treatment.heard_at(_seconds(match)))}{close}"

    def offset(match: re.Match[str]) -> str:  # a length, not a time
        return f"[offset:{round(int(match['ms']) * 100.0 / treatment.tempo):+d}]"

    return _OFFSET.sub(offset, _STAMP.sub(stamp, text))


def _leading_stamps(raw: str) -> tuple[list[float], str]:
    starts = []
    while leading := _LEADING.match(raw):
        match = _STAMP.search(leading[0])
        assert match is not None
        starts.append(_seconds(match))
        raw = raw[leading.end() :]
    return starts, raw


def _words(rest: str, start_s: float, shift_s: float) -> tuple[Word, ...]:
    matches = list(_STAMP.finditer(rest))
    if not matches:
        return (Word(max(start_s - shift_s, 0.0), rest.strip()),)
    ends = [*(match.start() for match in matches[1:]), len(rest)]
    words = [
        Word(max(_seconds(match) - shift_s, 0.0), rest[match.end() : end])
        for match, end in zip(matches, ends, strict=True)
    ]
    sung = [word for word in words if word.text.strip()]  # the last stamp often ends the line
    return tuple(sung) or (words[0],)


def _seconds(match: re.Match[str]) -> float:
    part = match["part"] or "0"
    return int(match["min"]) * 60.0 + int(match["sec"]) + int(part) / 10.0 ** len(part)


def _clock(seconds: float) -> str:
    hundredths = round(seconds * 100)
    return f"{hundredths // 6000:02d}:{hundredths // 100 % 60:02d}.{hundredths % 100:02d}"
