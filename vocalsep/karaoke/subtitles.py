"""Lyrics as subtitles: the words fill with colour when they are sung.

ASS ("Advanced SubStation Alpha") carries the time of every word in {\\k} tags, in hundredths of a
second; MP4's own subtitles (3GPP TS 26.245, "tx3g") are plain lines.
"""

from __future__ import annotations

import struct

from vocalsep.karaoke.lyrics import Line

WIDTH, HEIGHT = 1280, 720

#: A line is shown so long before its first word (s).
_LEAD_S = 1.0

ASS_HEADER = f"""[Script Info]
ScriptType: v4.00+
PlayResX: {WIDTH}
PlayResY: {HEIGHT}
WrapStyle: 0

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, \
Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, \
Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,56,&H0000D7FF,&H00FFFFFF,&H00000000,&H80000000,\
1,0,0,0,100,100,0,0,1,3,0,2,60,60,70,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def shown_from(lines: list[Line]) -> list[float]:
    """When each line appears: a little before it is sung, but after the one before has gone."""
    ends = [0.0, *(line.end_s for line in lines)]
    return [
        max(line.start_s - _LEAD_S, min(end, line.start_s))
        for line, end in zip(lines, ends, strict=False)
    ]


def format_ass(lines: list[Line]) -> str:
    """A whole .ass file."""
    rows = [ASS_HEADER]
    for line, start_s in zip(lines, shown_from(lines), strict=True):
        times = f"{_clock(start_s)},{_clock(line.end_s)}"
        rows.append(f"Dialogue: 0,{times},Default,,0,0,0,,{_sung(line, start_s)}\n")
    return "".join(rows)


def _sung(line: Line, start_s: float) -> str:
    r"""{\k} says how long a word is sung; the wait before the first is one without text."""
    borders = [*(word.start_s for word in line.words), line.end_s]
    parts = [f"{{\\k{round((line.start_s - start_s) * 100)}}}"]
    for word, begin, end in zip(line.words, borders, borders[1:], strict=False):
        text = word.text.replace("\\", "").replace("{", "(").replace("}", ")")
        parts.append(f"{{\\kf{max(round((end - begin) * 100), 0)}}}{text}")
    return "".join(parts)


def tx3g(text: str) -> bytes:
    """One subtitle as MP4 stores it."""
    data = text.encode("utf-8")[: 2**16 - 1]
    return struct.pack(">H", len(data)) + data


def _clock(seconds: float) -> str:
    hundredths = max(round(seconds * 100), 0)
    minutes, rest = divmod(hundredths, 6000)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest // 100:02d}.{rest % 100:02d}"
