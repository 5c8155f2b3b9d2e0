"""What every kind of product needs to plan its job."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vocalsep.audio.formats import StemFormat, plan_format
from vocalsep.audio.read import open_audio
from vocalsep.audio.tags import read_tags
from vocalsep.errors import PlanError, VocalsepError
from vocalsep.inference.names import Source, check_template, output_path
from vocalsep.inference.options import FileOptions
from vocalsep.inference.places import Places
from vocalsep.inference.plan import Job
from vocalsep.inference.separator import Separator
from vocalsep.karaoke.instrumental import names_an_instrumental
from vocalsep.karaoke.options import KaraokeOptions
from vocalsep.types import AudioInfo

#: What changes the times, and everything that can be done to a song; see `refuse_treatment`.
RETIMING = frozenset({"--tempo", "--count-in"})
ALL_TREATMENTS = RETIMING | {"--guide", "--key"}

#: `--format` that gives a file as its source has it: FFmpeg's codec → name.
_SAME_FORMAT = {"mp3": "mp3", "aac": "m4a", "alac": "m4a", "vorbis": "ogg", "opus": "opus"}


@dataclass(frozen=True)
class Sound:
    """A source that has been opened once."""

    source: Path
    info: AudioInfo
    length_s: float | None


@dataclass(frozen=True)
class Context:
    """One command: its options, its model, and the output names that are taken."""

    options: KaraokeOptions
    separator: Separator
    places: Places

    def open(self, source: Path, named: Path | None = None) -> Sound:
        """Look at a song.

        Args:
            source: the file with the sound.
            named: the file that the song is named after, if it is another.

        Raises:
            UnreadableAudio: there is no sound in it.
            VocalsepError: its name says that it is an instrumental.
        """
        if not self.options.force:
            self._refuse_instrumental(source, (named or source).stem)
        with open_audio(source) as reader:
            return Sound(source, reader.info, reader.length_hint_s)

    def name_format(self, sound: Sound, fallback: str) -> str:
        """The asked format, else the source's own, else `fallback`."""
        own = {**_SAME_FORMAT, "flac": "flac"}.get(sound.info.codec, fallback)
        return self.options.format or ("wav" if sound.info.container == "wav" else own)

    def output(self, source: Source, template: str, extension: str) -> Path:
        """The name of an output below the output folder.

        Raises:
            PlanError: an impossible template.
        """
        template = self.options.template or template
        check_template(template, n_stems=1)
        values = {"ext": extension, "model": self.separator.model.name, "stem": "Karaoke"}
        return output_path(self.options.output_dir, template, source, values)

    def job(self, sound: Sound, stem_format: StemFormat, outputs: dict[str, Path]) -> Job:
        """Claim the outputs.

        Raises:
            PlanError: they collide with others or cannot be written.
        """
        for output in outputs.values():
            self.places.claim(output, sound.info.name)
        self.places.check_nesting()
        return Job(
            info=sound.info,
            stem_format=stem_format,
            outputs=outputs,
            options=FileOptions(format=stem_format.extension.lstrip(".")),
            source=sound.source,
            length_s=sound.length_s,
        )

    def format(self, sound: Sound, name: str) -> StemFormat:
        """How the sound is written.

        Raises:
            UnsupportedFormat: the format cannot carry it.
        """
        return plan_format(sound.info, name)

    def refuse_treatment(self, kind: str, why: str, options: frozenset[str]) -> None:
        """Refuse what would tear the sound from the timing data that goes along.

        Raises:
            PlanError: one of `options` was used.
        """
        refused = [option for option in self.options.treatment.options if option in options]
        if refused:
            raise PlanError(f"{kind}: {' and '.join(refused)} cannot be used, {why}")

    def _refuse_instrumental(self, source: Path, name: str) -> None:
        titles = read_tags(source).text.get("title", ())
        for title in (name, *titles):
            if names_an_instrumental(title):
                raise VocalsepError(
                    f"{source}: it already is an instrumental ({title!r}); "
                    "--force treats it all the same"
                )
