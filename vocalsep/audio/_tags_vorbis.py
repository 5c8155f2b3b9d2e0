"""Vorbis comments: FLAC, Ogg Vorbis and Opus."""

# mutagen carries type hints on part of its functions only.
# mypy: allow-untyped-calls

from __future__ import annotations

import base64
from pathlib import Path
from typing import TypeAlias

from mutagen._vorbis import VCommentDict
from mutagen.flac import FLAC, Picture
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis

from vocalsep.audio._tag_types import (
    VORBIS_KEYS,
    Cover,
    Text,
    front_cover,
    number_and_total,
    read_fields,
)

_ALIASES = {
    "albumartist": "album artist",
    "date": "year",
    "comment": "description",
    "lyrics": "unsyncedlyrics",
}
_NUMBERS = {
    "track": ("tracknumber", ("tracktotal", "totaltracks")),
    "disc": ("discnumber", ("disctotal", "totaldiscs")),
}
_PICTURE = "metadata_block_picture"
_File: TypeAlias = "FLAC | OggVorbis | OggOpus"


def read_vorbis(tags: VCommentDict, pictures: list[Picture]) -> tuple[Text, Cover | None]:
    """Fields and front cover of Vorbis comments; `pictures` are FLAC's picture blocks."""

    def values(key: str) -> list[str]:
        found: list[str] = tags.get(key) or tags.get(_ALIASES.get(key, key)) or []
        return found

    text = read_fields(VORBIS_KEYS, values)
    for name, (key, totals) in _NUMBERS.items():
        number = next(iter(values(key)), "")
        total = next((values(k)[0] for k in totals if values(k)), "")
        if number:
            text[name] = (f"{number}/{total}" if total and "/" not in number else number,)
    embedded = [Picture(base64.b64decode(block)) for block in values(_PICTURE)]
    return text, front_cover([(p.type, p.data) for p in [*pictures, *embedded]])


def write_flac(path: Path, text: Text, cover: Cover | None, channel_mask: int) -> None:
    """Write the comment and picture blocks; a non-zero mask names the speakers."""
    file = FLAC(path)
    _set_text(file, text)
    if channel_mask:
        file["waveformatextensible_channel_mask"] = f"0x{channel_mask:x}"
    if cover:
        file.add_picture(_picture(cover))
    file.save()


def write_ogg(path: Path, text: Text, cover: Cover | None, is_opus: bool) -> None:
    """Replace the comment packet; the pages of audio keep their positions."""
    file = OggOpus(path) if is_opus else OggVorbis(path)
    _set_text(file, text)
    if cover:
        file[_PICTURE] = [base64.b64encode(_picture(cover).write()).decode("ascii")]
    file.save()


def _set_text(file: _File, text: Text) -> None:
    if file.tags is None:
        file.add_tags()
    for name, key in VORBIS_KEYS.items():
        if name in text:
            file[key] = list(text[name])
    for name, (key, totals) in _NUMBERS.items():
        if name in text:
            number, total = number_and_total(text[name][0])
            file[key] = [str(number) if number else text[name][0]]
            if total:
                file[totals[0]] = [str(total)]


def _picture(cover: Cover) -> Picture:
    picture = Picture()
    picture.type, picture.mime, picture.data = 3, cover.mime, cover.data
    return picture
