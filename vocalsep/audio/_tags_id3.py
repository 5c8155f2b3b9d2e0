"""ID3: MP3, AIFF and WAV."""

# mutagen carries type hints on part of its functions only.
# mypy: allow-untyped-calls

from __future__ import annotations

import io
from pathlib import Path

from mutagen import id3

from vocalsep.audio._tag_types import ID3_KEYS, Cover, Text, front_cover, read_fields
from vocalsep.audio._write_wav import append_chunk

#: Between several artists in ID3v2.3, which holds one; its own "/" would split "AC/DC".
_SEPARATOR = "; "


def read_id3(tags: id3.ID3) -> tuple[Text, Cover | None]:
    """Fields and front cover of ID3 tags of any version."""
    text = read_fields(ID3_KEYS, lambda key: tags[key].text if key in tags else [])
    if "TCON" in tags:
        text["genre"] = tuple(tags["TCON"].genres)  # "(17)" is spelt out as "Rock"
    # Described comments are programs' own data, such as iTunes' volume levels.
    comments = [str(value) for c in tags.getall("COMM") if not c.desc for value in c.text]
    lyrics = [str(frame.text) for frame in tags.getall("USLT")]
    # FFmpeg writes both as user-defined text.
    comments = comments or [str(v) for t in tags.getall("TXXX:comment") for v in t.text]
    lyrics = lyrics or [str(v) for t in tags.getall("TXXX:USLT") for v in t.text]
    for name, values in (("comment", comments), ("lyrics", lyrics)):
        if values:
            text[name] = tuple(values)
    pictures = [(int(frame.type), frame.data) for frame in tags.getall("APIC")]
    return text, front_cover(pictures)


def write_mp3(path: Path, text: Text, cover: Cover | None) -> None:
    """Put the tags before the first frame; the frames with their gapless data stay."""
    _id3(text, cover).save(path, v2_version=3, v23_sep=_SEPARATOR)


def write_wav(path: Path, text: Text, cover: Cover | None) -> None:
    """Append an "id3 " chunk; works for RF64 too."""
    payload = io.BytesIO()
    _id3(text, cover).save(payload, v2_version=3, v23_sep=_SEPARATOR, padding=lambda _: 0)
    with open(path, "r+b") as file:
        append_chunk(file, b"id3 ", payload.getvalue())


def _id3(text: Text, cover: Cover | None) -> id3.ID3:
    """ID3v2.3: the version that every player and file manager reads."""
    tags = id3.ID3()
    for name, key in ID3_KEYS.items():
        if name in text:
            tags.add(getattr(id3, key)(encoding=id3.Encoding.UTF16, text=list(text[name])))
    if "genre" in text:
        tags.add(id3.TCON(encoding=id3.Encoding.UTF16, text=list(text["genre"])))
    for name, frame in (("comment", id3.COMM), ("lyrics", id3.USLT)):
        if name in text:
            joined = "\n".join(text[name])
            tags.add(frame(encoding=id3.Encoding.UTF16, lang="XXX", desc="", text=joined))
    if cover:
        tags.add(id3.APIC(encoding=id3.Encoding.LATIN1, mime=cover.mime, type=3, data=cover.data))
    tags.update_to_v23()
    return tags
