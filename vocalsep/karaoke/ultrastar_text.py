"""The text file of an UltraStar song: read its headers, set some, keep every other byte.

Format: "The UltraStar File Format (v1)", github.com/UltraStar-Deluxe/format. Headers are the
first lines, "#KEY:VALUE", keys in any case. Files without a byte-order mark are UTF-8 or, when
they are not valid UTF-8 or say so in #ENCODING, CP1252.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from vocalsep.errors import UnreadableAudio

_BOM = b"\xef\xbb\xbf"
_HEADER = re.compile(rb"(?P<start>[ \t]*#(?P<key>[^:\r\n]+):)(?P<value>[^\r\n]*)(?P<end>[\r\n]*)")


@dataclass(frozen=True)
class SongText:
    """The bytes of a song's text file.

    >>> text = SongText(b"#TITLE:So\\r\\n#MP3:so.mp3\\r\\n: 0 1 2 la\\r\\nE\\r\\n")
    >>> text.set("VOCALS", "so [VOC].mp3", after="MP3").data
    b'#TITLE:So\\r\\n#MP3:so.mp3\\r\\n#VOCALS:so [VOC].mp3\\r\\n: 0 1 2 la\\r\\nE\\r\\n'
    """

    data: bytes

    @cached_property
    def encoding(self) -> str:
        """Python's name of the encoding."""
        if self.data.startswith(_BOM):
            return "utf-8"
        said = self._value(b"ENCODING") or b""
        if said.strip().upper() in (b"CP1252", b"CP1250"):
            return said.strip().decode("ascii").lower()
        try:
            self.data.decode("utf-8")
        except UnicodeDecodeError:
            return "cp1252"
        return "utf-8"

    @property
    def is_song(self) -> bool:
        """Whether it has what every song has: a title and a sound file."""
        return bool(self.get("TITLE")) and bool(self.get("AUDIO") or self.get("MP3"))

    def get(self, key: str) -> str | None:
        """The value of a header; None if it is missing or empty."""
        value = self._value(key.encode("ascii"))
        text = (value or b"").decode(self.encoding, "replace").strip()
        return text or None

    def set(self, key: str, value: str, after: str) -> SongText:
        """This text with one header changed, or inserted behind the header `after`.

        Raises:
            UnreadableAudio: the song's encoding has no letters for the value.
        """
        try:
            new = value.encode(self.encoding)
        except UnicodeEncodeError:
            raise UnreadableAudio(
                f"{value!r} cannot be written in {self.encoding}: rename the song's sound file"
            ) from None
        bom, lines = self._lines
        place = self._find(key.encode("ascii"))
        if place is not None:
            match = _HEADER.fullmatch(lines[place])
            assert match is not None
            lines[place] = match["start"] + new + match["end"]
        else:
            before = self._find(after.encode("ascii"))
            assert before is not None
            line_end = lines[before][len(lines[before].rstrip(b"\r\n")) :] or b"\n"
            if lines[before] == lines[before].rstrip(b"\r\n"):
                lines[before] += line_end
            lines.insert(before + 1, b"#" + key.encode("ascii") + b":" + new + line_end)
        return SongText(bom + b"".join(lines))

    def body(self) -> list[str]:
        """The lines behind the headers, without line ends."""
        _, lines = self._lines
        n_headers = sum(1 for _ in self._headers())
        return [line.decode(self.encoding, "replace").rstrip("\r\n") for line in lines[n_headers:]]

    @property
    def _lines(self) -> tuple[bytes, list[bytes]]:
        bom = _BOM if self.data.startswith(_BOM) else b""
        return bom, self.data[len(bom) :].splitlines(keepends=True)

    def _headers(self) -> list[tuple[bytes, bytes] | None]:
        """(KEY, value) of every line up to the first note; None for lines that are neither."""
        found: list[tuple[bytes, bytes] | None] = []
        for line in self._lines[1]:
            match = _HEADER.fullmatch(line)
            if match:
                found.append((match["key"].strip().upper(), match["value"]))
            elif line.strip() and not line.lstrip().startswith(b"#"):
                break
            else:
                found.append(None)
        return found

    def _find(self, key: bytes) -> int | None:
        for number, header in enumerate(self._headers()):
            if header and header[0] == key:
                return number
        return None

    def _value(self, key: bytes) -> bytes | None:
        place = self._find(key)
        header = None if place is None else self._headers()[place]
        return header[1] if header else None
