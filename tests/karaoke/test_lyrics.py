"""Words and their times from LRC and UltraStar notes; what tempo does to them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocalsep.errors import UnreadableAudio
from vocalsep.karaoke.lyrics import (
    Word,
    decode,
    format_lrc,
    has_stamps,
    parse_lrc,
    retime_lrc,
    with_ends,
)
from vocalsep.karaoke.options import Treatment
from vocalsep.karaoke.subtitles import format_ass, shown_from, tx3g
from vocalsep.karaoke.ultrastar_notes import song_lines
from vocalsep.karaoke.ultrastar_text import SongText


def test_lrc_lines() -> None:
    lines = parse_lrc("[ti:So]\n[00:01.5]La\n[00:02][01:00.250]La la\n[00:03.00]\n[bad]no\n")
    assert [(line.start_s, line.text, line.end_s) for line in lines] == [
        (1.5, "La", 2.0),
        (2.0, "La la", 3.0),
        (60.25, "La la", 68.25),
    ]


def test_lrc_words_and_offset() -> None:
    (line,) = parse_lrc("[offset:+500]\n[00:02.00]<00:02.00>Hel<00:02.50>lo <00:03.00>")
    assert line.words == (Word(1.5, "Hel"), Word(2.0, "lo "))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding: str) -> None:
    assert decode("[00:01.00]Où".encode(encoding)) == "[00:01.00]Où"


def test_words_without_times_are_no_lrc() -> None:
    assert not has_stamps("Verse [1]\nLa [00:01.00]")
    assert has_stamps("Title\n[00:01.00]La")


def test_tempo_moves_every_stamp_and_nothing_else() -> None:
    text = "[ti:10:20]\n[offset:-100]\n[00:10.00][01:00.00]La <00:10.50>laa\r\n"
    wanted = "[ti:10:20]\n[offset:-200]\n[00:20.00][02:00.00]La <00:21.00>laa\r\n"
    assert retime_lrc(text, Treatment(tempo=50)) == wanted
    later = wanted.replace("20.00", "23.00").replace("02:00.00", "02:03.00").replace("21", "24")
    assert retime_lrc(text, Treatment(tempo=50, count_in_s=3)) == later


@given(st.lists(st.integers(0, 500_000), min_size=1, max_size=8, unique=True))
def test_what_is_written_is_what_is_read(hundredths: list[int]) -> None:
    lines = with_ends((Word(at / 100.0, f"w{at}"),) for at in hundredths)
    again = parse_lrc(format_lrc(lines))
    assert [(round(line.start_s * 100), line.text) for line in again] == [
        (at, f"w{at}") for at in sorted(hundredths)
    ]


NOTES = ": 0 2 1 Hel\n: 4 2 1 lo\n* 8 4 1  you\n: 12 2 1 ~\n- 20\nF 40 4 1 Bye\nE\n: 99 1 1 no\n"


def test_ultrastar_notes() -> None:
    text = SongText(f"#TITLE:a\n#MP3:a\n#BPM:150,0\n#GAP:1000\n{NOTES}".encode())
    first, second = song_lines(text, "a.txt")  # a beat is 0.1 s
    assert first.text == "Hello you"
    assert [round(word.start_s, 3) for word in first.words] == [1.0, 1.4, 1.8, 2.2]
    assert first.end_s == pytest.approx(1.0 + 1.4 + 0.5)
    assert (second.text, second.start_s) == ("Bye", 5.0)


@pytest.mark.parametrize("head", ["", "#BPM:0\n", "#BPM:x\n", "#BPM:100\n#RELATIVE:yes\n"])
def test_notes_that_cannot_be_timed(head: str) -> None:
    text = SongText(f"#TITLE:a\n#MP3:a\n{head}{NOTES}".encode())
    with pytest.raises(UnreadableAudio, match="cannot be timed"):
        song_lines(text, "a.txt")


def test_subtitles() -> None:
    lines = parse_lrc("[00:02.00]<00:02.00>Hel<00:02.50>lo\n[00:03.20]{you}\n")
    assert shown_from(lines) == [1.0, 3.2]
    assert tx3g("é") == b"\x00\x02\xc3\xa9"
    rows = format_ass(lines).splitlines()[-2:]
    assert rows[0] == (
        r"Dialogue: 0,0:00:01.00,0:00:03.20,Default,,0,0,0,,{\k100}{\kf50}Hel{\kf70}lo"
    )
    assert rows[1].endswith(r"{\k0}{\kf800}(you)")
