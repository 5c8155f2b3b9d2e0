"""What every tag format is turned into, and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

#: Field name → its values. Values of "track" and "disc" may say the total too: "3/12".
Text: TypeAlias = dict[str, tuple[str, ...]]

#: Plain text fields and their names in each tag format; formats handle the other fields, whose
#: form differs, on their own.
ID3_KEYS = {
    "title": "TIT2",
    "artist": "TPE1",
    "album": "TALB",
    "albumartist": "TPE2",
    "composer": "TCOM",
    "track": "TRCK",
    "disc": "TPOS",
    "date": "TDRC",
}
VORBIS_KEYS = {
    "title": "title",
    "artist": "artist",
    "album": "album",
    "albumartist": "albumartist",
    "composer": "composer",
    "date": "date",
    "genre": "genre",
    "comment": "comment",
    "lyrics": "lyrics",
}
MP4_KEYS = {
    "title": "\xa9nam",
    "artist": "\xa9ART",
    "album": "\xa9alb",
    "albumartist": "aART",
    "composer": "\xa9wrt",
    "date": "\xa9day",
    "genre": "\xa9gen",
    "comment": "\xa9cmt",
    "lyrics": "\xa9lyr",
}
ASF_KEYS = {
    "title": "Title",
    "artist": "Author",
    "album": "WM/AlbumTitle",
    "albumartist": "WM/AlbumArtist",
    "composer": "WM/Composer",
    "track": "WM/TrackNumber",
    "disc": "WM/PartOfSet",
    "date": "WM/Year",
    "genre": "WM/Genre",
    "comment": "Description",
    "lyrics": "WM/Lyrics",
}

_MAGIC = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png", b"GIF8": "image/gif"}

#: FLAC's picture block counts its bytes in 24 bits; the rest of the block takes some.
_MAX_COVER_BYTES = 2**24 - 1024


@dataclass(frozen=True)
class Cover:
    """A picture: its MIME type, e.g. "image/jpeg", and the bytes of its file."""

    mime: str
    data: bytes = field(repr=False)


def cover_of(data: bytes) -> Cover | None:
    """A cover from the bytes of a JPEG, PNG or GIF file; None for anything else.

    The type comes from the bytes: what taggers claim is often wrong.
    """
    mime = next((mime for magic, mime in _MAGIC.items() if data.startswith(magic)), None)
    return Cover(mime, data) if mime and len(data) <= _MAX_COVER_BYTES else None


def front_cover(pictures: list[tuple[int, bytes]]) -> Cover | None:
    """Of (picture type, bytes) pairs the front cover (type 3), else the first that is one."""
    ordered = sorted(pictures, key=lambda picture: picture[0] != 3)
    return next((cover for _, data in ordered if (cover := cover_of(data))), None)


def read_fields(keys: dict[str, str], values: Callable[[str], Any]) -> Text:
    """Collect the non-empty fields; `values` gives the list behind a key of the format."""
    found = {name: [str(value).strip() for value in values(key)] for name, key in keys.items()}
    # Taggers repeat values where a format has two places for a field.
    return {name: tuple(dict.fromkeys(texts)) for name, texts in found.items() if any(texts)}


def number_and_total(text: str) -> tuple[int, int]:
    """Split "3/12" or "3" into (3, 12) or (3, 0); (0, 0) for anything else.

    >>> number_and_total("3/12")
    (3, 12)
    """
    number, _, total = text.partition("/")
    if not number.strip().isdecimal():
        return 0, 0
    return int(number), int(total) if total.strip().isdecimal() else 0
