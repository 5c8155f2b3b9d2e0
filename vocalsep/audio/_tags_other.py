"""Tags that are only read: ASF (WMA), and through FFmpeg what is left (Matroska, WAV's INFO)."""

# mutagen carries type hints on part of its functions only.
# mypy: allow-untyped-calls

from __future__ import annotations

from pathlib import Path

import av
from av.stream import Disposition
from mutagen.asf import ASFTags

from vocalsep.audio._tag_types import ASF_KEYS, Cover, Text, cover_of, front_cover, read_fields

#: FFmpeg's own names of the fields, lower-case.
_FFMPEG_KEYS = {
    **{name: name for name in ASF_KEYS},
    "albumartist": "album_artist",
}
#: FFmpeg writes these ASF attributes under its own names.
_ASF_ALIASES = {"WM/Year": "date", "WM/Lyrics": "lyrics"}


def read_asf(tags: ASFTags) -> tuple[Text, Cover | None]:
    """Fields and front cover of ASF attributes."""
    text = read_fields(ASF_KEYS, lambda key: tags.get(key) or tags.get(_ASF_ALIASES.get(key), []))
    return text, front_cover([_asf_picture(p.value) for p in tags.get("WM/Picture", [])])


def _asf_picture(value: bytes) -> tuple[int, bytes]:
    """(type, bytes) of WM/Picture: type u8, size u32, MIME and text as UTF-16Z, then the data."""
    size = int.from_bytes(value[1:5], "little")
    return value[0], value[len(value) - size :]


def read_ffmpeg(path: Path) -> tuple[Text, Cover | None]:
    """Fields and attached picture as FFmpeg's demuxer names them."""
    with av.open(f"file:{path}") as container:
        metadata = {key.lower(): value for key, value in container.metadata.items()}
        text = read_fields(_FFMPEG_KEYS, lambda key: [metadata[key]] if key in metadata else [])
        for stream in container.streams:
            if stream.disposition & Disposition.attached_pic:
                packet = next(container.demux(stream))
                return text, cover_of(bytes(packet))
    return text, None
