"""MP4 atoms: M4A and MP4."""

# mutagen carries type hints on part of its functions only.
# mypy: allow-untyped-calls

from __future__ import annotations

from pathlib import Path

from mutagen.mp4 import MP4, MP4Cover, MP4Tags

from vocalsep.audio._tag_types import (
    MP4_KEYS,
    Cover,
    Text,
    cover_of,
    number_and_total,
    read_fields,
)

_NUMBERS = {"track": "trkn", "disc": "disk"}
_IMAGE_FORMATS = {"image/jpeg": MP4Cover.FORMAT_JPEG, "image/png": MP4Cover.FORMAT_PNG}


def read_mp4(tags: MP4Tags) -> tuple[Text, Cover | None]:
    """Fields and cover of MP4 atoms."""
    text = read_fields(MP4_KEYS, lambda key: tags.get(key, []))
    for name, key in _NUMBERS.items():
        number, total = next(iter(tags.get(key, [])), (0, 0))
        if number:
            text[name] = (f"{number}/{total}" if total else str(number),)
    covers = (cover_of(bytes(data)) for data in tags.get("covr", []))
    return text, next((cover for cover in covers if cover), None)


def write_mp4(path: Path, text: Text, cover: Cover | None) -> None:
    """Write the atoms; edit list and sample table keep their content."""
    file = MP4(path)
    if file.tags is None:
        file.add_tags()
    for name, key in MP4_KEYS.items():
        if name in text:
            # Players show the first comment only, and one lyrics sheet.
            file[key] = ["\n".join(text[name])] if name in ("comment", "lyrics") else text[name]
    for name, key in _NUMBERS.items():
        pair = number_and_total(text[name][0]) if name in text else (0, 0)
        if 0 < pair[0] < 2**16 and pair[1] < 2**16:
            file[key] = [pair]
    if cover and cover.mime in _IMAGE_FORMATS:
        file["covr"] = [MP4Cover(cover.data, _IMAGE_FORMATS[cover.mime])]
    file.save()
