"""Plain songs: the instrumental as a sound file, with the song's synced lyrics beside it."""

from __future__ import annotations

from vocalsep.inference.events import FileResult
from vocalsep.inference.names import Source
from vocalsep.karaoke.context import Context
from vocalsep.karaoke.lyrics_source import find_lrc
from vocalsep.karaoke.product import KARAOKE, Product, Studio

#: The output beside the sound, for songs with synced lyrics.
LYRICS = "lyrics"

DEFAULT_TEMPLATE = "{folder}/{track} (Karaoke).{ext}"


class AudioSong(Product):
    """One sound file without the voice, or with as much of it as a guide needs."""

    kind = "audio"

    def build(self, studio: Studio) -> FileResult:
        outputs = self.job.outputs
        made = studio.workshop.path_for(outputs[KARAOKE])
        result = self.instrumental(studio, self.source, made)
        lyrics = find_lrc(self.source) if LYRICS in outputs else None
        if lyrics is not None:
            content = lyrics.treated(self._options.treatment)
            studio.workshop.path_for(outputs[LYRICS]).write_bytes(content)
        return result


def plan_audio(source: Source, context: Context) -> AudioSong:
    """Plan one sound file.

    Raises:
        VocalsepError: it cannot be read, or is an instrumental.
        PlanError, UnsupportedFormat: see `Context`.
    """
    sound = context.open(source.path)
    stem_format = context.format(sound, context.name_format(sound, "m4a"))
    output = context.output(source, DEFAULT_TEMPLATE, stem_format.extension.lstrip("."))
    outputs = {KARAOKE: output}
    if find_lrc(source.path):
        outputs[LYRICS] = output.with_suffix(".lrc")
    job = context.job(sound, stem_format, outputs)
    return AudioSong(job, context.options, context.separator)
