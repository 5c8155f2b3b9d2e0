"""Headers of UltraStar texts change; no other byte does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocalsep.errors import UnreadableAudio
from vocalsep.karaoke.ultrastar_text import SongText

BODY = ": 0 4 10 Hé\n: 5 4 12 ~llo\n- 10\nE\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_only_the_new_lines_are_new(encoding: str, line_end: str) -> None:
    head = "#TITLE:Où\n#ARTIST:É\n#mp3: où.mp3 \n#X-MINE:a:b\n#BPM:300\n"
    before = (head + BODY).replace("\n", line_end).encode(encoding)
    text = SongText(before)
    assert text.get("TITLE") == "Où"
    assert text.get("MP3") == "où.mp3"
    after = text.set("VOCALS", "où [VOC].mp3", after="MP3").data
    new = f"#VOCALS:où [VOC].mp3{line_end}".encode(encoding.removesuffix("-sig"))
    place = after.index(new)
    assert after[:place] + after[place + len(new) :] == before
    assert after[:place].endswith(f"où.mp3 {line_end}".encode(encoding.removesuffix("-sig")))


@given(st.binary(max_size=200))
def test_whatever_the_bytes_setting_twice_is_setting_once(junk: bytes) -> None:
    text = SongText(b"#TITLE:a\n#MP3:a.mp3\n#V:\n" + junk)
    once = text.set("V", "x", after="MP3")
    assert once.data == text.data.replace(b"#V:", b"#V:x", 1)
    assert once.set("V", "x", after="MP3").data == once.data
    assert once.get("V") == "x"


def test_a_header_in_the_notes_is_no_header() -> None:
    text = SongText(b"#TITLE:a\n#MP3:a.mp3\n: 0 1 2 la\n#VOCALS:no.mp3\nE")
    assert text.get("VOCALS") is None
    assert text.body() == [": 0 1 2 la", "#VOCALS:no.mp3", "E"]


def test_headers_to_the_very_end() -> None:
    assert SongText(b"#MP3:a.mp3").set("VOCALS", "v", "MP3").data == b"#MP3:a.mp3\n#VOCALS:v\n"


def test_said_encoding_wins() -> None:
    assert SongText("#ENCODING:CP1252\n#TITLE:Ã©\n".encode("cp1252")).get("TITLE") == "Ã©"


def test_letters_that_the_encoding_lacks() -> None:
    text = SongText("#TITLE:é\n#MP3:a.mp3\n".encode("cp1252"))
    with pytest.raises(UnreadableAudio, match="cannot be written in cp1252"):
        text.set("VOCALS", "歌.mp3", after="MP3")
