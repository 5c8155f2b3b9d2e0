"""Videos: the same pictures, subtitles and chapters, the sound without the voice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from vocalsep.audio._track import open_track
from vocalsep.audio.tags import read_tags
from vocalsep.errors import UnsupportedFormat
from vocalsep.inference.events import FileResult
from vocalsep.inference.names import Source
from vocalsep.karaoke.context import RETIMING, Context
from vocalsep.karaoke.product import KARAOKE, Product, Studio
from vocalsep.karaoke.remux import MUXERS, Remux
from vocalsep.karaoke.song import DEFAULT_TEMPLATE


def is_video(path: Path) -> bool:
    """Whether a file has moving pictures besides its sound.

    Raises:
        UnreadableAudio: it cannot be opened, or has no sound.
    """
    track = open_track(path, str(path))
    with track.container:
        return track.beside_video


class VideoSong(Product):
    """One video with the instrumental in place of its sound, or beside it."""

    kind = "video"

    def facts(self) -> Mapping[str, Any]:
        return {**super().facts(), "tracks": self._options.tracks}

    def build(self, studio: Studio) -> FileResult:
        (output,) = self.job.outputs.values()
        sound = studio.workshop.folder / f"sound{self.job.stem_format.extension}"
        result = self.instrumental(studio, self.source, sound)
        tags = {}
        if self._options.tracks == "instrumental":
            named = read_tags(self.source).for_stem(KARAOKE, studio.separator.model.comment)
            tags = {"title": named.text["title"][0], "comment": "\n".join(named.text["comment"])}
        muxer, _ = MUXERS[self.source.suffix.lower()]
        remux = Remux(self.source, sound, self._options.tracks, tags)
        left_out = remux.write(studio.workshop.path_for(output), muxer)
        return replace(result, warnings=(*result.warnings, *left_out))


def plan_video(source: Source, context: Context) -> VideoSong:
    """Plan one video.

    Raises:
        VocalsepError: it cannot be read, or is an instrumental.
        UnsupportedFormat: its container, or the asked format in it, cannot be written.
        PlanError: see `Context`.
    """
    context.refuse_treatment("video", "the pictures keep their time", RETIMING)
    suffix = source.path.suffix.lower()
    if suffix not in MUXERS:
        raise UnsupportedFormat(
            f"{source.path}: video is written as MP4, MKV or WebM, not {suffix}; convert it with "
            "`ffmpeg -i IN -c copy OUT.mkv`"
        )
    sound = context.open(source.path)
    _, formats = MUXERS[suffix]
    name = context.options.format or formats[0]
    if name not in formats:
        raise UnsupportedFormat(
            f"{source.path}: {suffix} takes --format {' or '.join(formats)}, not {name}"
        )
    stem_format = context.format(sound, name)
    output = context.output(source, DEFAULT_TEMPLATE, suffix.lstrip("."))
    job = context.job(sound, stem_format, {KARAOKE: output})
    return VideoSong(job, context.options, context.separator)
