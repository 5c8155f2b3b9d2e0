"""Tags and cover art of a song, carried over to its stems.

Only what describes the song is carried: ReplayGain and R128 values measure the level of the
mixture, and ISRC or MusicBrainz numbers identify its recording; neither is true of a stem.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import mutagen
from mutagen._vorbis import VCommentDict
from mutagen.asf import ASFTags
from mutagen.id3 import ID3
from mutagen.mp4 import MP4Tags

from vocalsep.audio._layouts import wave_mask
from vocalsep.audio._tag_types import Cover, Text
from vocalsep.audio._tags_id3 import read_id3, write_mp3, write_wav
from vocalsep.audio._tags_mp4 import read_mp4, write_mp4
from vocalsep.audio._tags_other import read_asf, read_ffmpeg
from vocalsep.audio._tags_vorbis import read_vorbis, write_flac, write_ogg
from vocalsep.audio.formats import StemFormat

__all__ = ["STEM_TITLES", "Cover", "Tags", "read_tags", "write_tags"]

#: What a title gains, by stem name; other stems gain their own name with a capital letter.
STEM_TITLES = {"vocals": "Vocals", "accompaniment": "Instrumental"}


@dataclass(frozen=True)
class Tags:
    """Text fields and the front cover of a song.

    `text` maps title, artist, album, albumartist, composer, track, disc, date, genre, comment
    and lyrics to their values; track and disc may say the total: "3/12". `name` serves as the
    title of a song that has none.
    """

    text: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    cover: Cover | None = None
    name: str = ""

    def for_stem(self, stem: str, comment: str) -> Tags:
        """The tags of one stem.

        Args:
            stem: its name, e.g. "vocals", shown in the title.
            comment: names model and version; stands before the source's own comments.

        >>> Tags({"title": ("So",)}).for_stem("accompaniment", "by vocalsep").text["title"]
        ('So (Instrumental)',)
        """
        suffix = STEM_TITLES.get(stem, stem[:1].upper() + stem[1:])
        title = self.text.get("title", (self.name,))[0]
        text = {
            **self.text,
            "title": (f"{title} ({suffix})".lstrip(),),
            "comment": (comment, *self.text.get("comment", ())),
        }
        return Tags(MappingProxyType(text), self.cover, self.name)


def read_tags(path: Path) -> Tags:
    """Tags of a file: ID3, Vorbis comments, MP4 atoms, ASF, Matroska or WAV's INFO.

    Returns:
        Tags without text where there are none or they cannot be read: a song with odd tags is
        still a song.
    """
    # A file name may hold bytes that are no text; tags cannot.
    name = path.stem.encode("utf-8", "replace").decode("utf-8")
    for read in (_read_mutagen, read_ffmpeg):
        try:
            text, cover = read(path)
        except Exception:  # tags are foreign input, and their parsers raise anything
            continue
        if text or cover:
            return Tags(MappingProxyType(text), cover, name)
    return Tags(name=name)


def write_tags(path: Path, tags: Tags, stem_format: StemFormat) -> None:
    """Put tags into a complete stem file without moving a sample.

    FLAC files of more than two channels also gain the comment that names their speakers.

    Args:
        path: a file written in `stem_format`.
        tags: what to write; empty tags leave the file alone.
        stem_format: chooses ID3 (mp3, wav), Vorbis comments (flac, ogg, opus) or atoms (m4a).

    Raises:
        OSError: writing failed.
    """
    text = dict(tags.text)
    is_flac = stem_format.container == "flac"
    mask = wave_mask(stem_format.layout) if is_flac and stem_format.n_channels > 2 else 0
    if not (text or tags.cover or mask):
        return
    try:
        if is_flac:
            write_flac(path, text, tags.cover, mask)
        elif stem_format.container == "ogg":
            write_ogg(path, text, tags.cover, is_opus=stem_format.codec == "opus")
        else:
            write = {"wav": write_wav, "mp3": write_mp3, "mp4": write_mp4}[stem_format.container]
            write(path, text, tags.cover)
    except mutagen.MutagenError as error:  # wraps the OSError of a full disk
        cause = error.args[0] if error.args else error
        raise cause if isinstance(cause, OSError) else OSError(str(error)) from error


def _read_mutagen(path: Path) -> tuple[Text, Cover | None]:
    file = mutagen.File(path)
    tags = None if file is None else file.tags
    if isinstance(tags, ID3):
        return read_id3(tags)
    if isinstance(tags, VCommentDict):
        return read_vorbis(tags, getattr(file, "pictures", []))
    if isinstance(tags, MP4Tags):
        return read_mp4(tags)
    if isinstance(tags, ASFTags):
        return read_asf(tags)
    return {}, None
