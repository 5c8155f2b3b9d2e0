"""Plain songs: the instrumental as a sound file."""

from __future__ import annotations

from vocalsep.inference.events import FileResult
from vocalsep.inference.names import Source
from vocalsep.karaoke.context import Context
from vocalsep.karaoke.product import KARAOKE, Product, Studio

DEFAULT_TEMPLATE = "{folder}/{track} (Karaoke).{ext}"


class AudioSong(Product):
    """One sound file without the voice, or with as much of it as a guide needs."""

    kind = "audio"

    def build(self, studio: Studio) -> FileResult:
        (output,) = self.job.outputs.values()
        return self.instrumental(studio, self.source, studio.workshop.path_for(output))


def plan_audio(source: Source, context: Context) -> AudioSong:
    """Plan one sound file.

    Raises:
        VocalsepError: it cannot be read, or is an instrumental.
        PlanError, UnsupportedFormat: see `Context`.
    """
    sound = context.open(source.path)
    stem_format = context.format(sound, context.name_format(sound, "m4a"))
    output = context.output(source, DEFAULT_TEMPLATE, stem_format.extension.lstrip("."))
    job = context.job(sound, stem_format, {KARAOKE: output})
    return AudioSong(job, context.options, context.separator)
