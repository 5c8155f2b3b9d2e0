"""What all karaoke products share: outputs planned first, made aside, renamed when complete."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vocalsep.audio.read import probe
from vocalsep.audio.tags import Tags, read_tags
from vocalsep.errors import VocalsepError
from vocalsep.inference.cancel import CancelToken
from vocalsep.inference.events import FileResult, Progress, ProgressCallback
from vocalsep.inference.files import wanted_entry
from vocalsep.inference.manifest import Entry, add_entry, is_up_to_date
from vocalsep.inference.options import FileOptions
from vocalsep.inference.plan import Job
from vocalsep.inference.separator import Separator
from vocalsep.karaoke.lyrics import retime_lrc
from vocalsep.karaoke.options import KaraokeOptions, Treatment
from vocalsep.karaoke.take import Recording, Take, record
from vocalsep.karaoke.workshop import Workshop

#: Below this mean level (dB of full scale) nobody hears a voice.
_NO_VOICE_DB = -60.0

#: The name of the stem without the voice; titles gain it: "So (Karaoke)".
KARAOKE = "karaoke"


@dataclass(frozen=True)
class Studio:
    """What a product needs while it is made."""

    separator: Separator
    workshop: Workshop
    progress: ProgressCallback
    cancel: CancelToken
    force: bool

    def take(self, source: Path) -> Take:
        """Find the voice of a song.

        Raises:
            UnreadableAudio: the song cannot be decoded.
            VocalsepError: there is no voice in it.
        """
        result = self.separate(source, "vocals")
        level = result.levels["vocals"].rms_db
        if not self.force and (level is None or level < _NO_VOICE_DB):
            raise VocalsepError(
                f"{source}: there is no voice in it, it already is an instrumental; "
                "--force makes it all the same"
            )
        return Take(source, result.outputs["vocals"], probe(source), result)

    def separate(self, source: Path, stem: str | None = None) -> FileResult:
        """Write one stem (or all) as float32 WAV into the workshop."""
        options = FileOptions("wav", "float32", stem, template="{stem}.{ext}")
        folder = self.workshop.folder
        return self.separator.separate_file(source, folder, options, self.progress, self.cancel)

    def tags(self, source: Path, stem: str) -> Tags:
        """The song's tags as a stem carries them."""
        return read_tags(source).for_stem(stem, self.separator.model.comment)


class Product(ABC):
    """One song on its way to a karaoke program; see `inference.session.Work`.

    Args:
        job: the song and its outputs.
        options: of the command.
        separator: finds the voice.
    """

    #: What the manifest calls this kind of product.
    kind: str

    def __init__(self, job: Job, options: KaraokeOptions, separator: Separator) -> None:
        self.job = job
        self._options = options
        self._separator = separator

    @abstractmethod
    def build(self, studio: Studio) -> FileResult:
        """Make all files at `studio.workshop.path_for(final)`; their names come later.

        Returns:
            Levels by output name, gain, overs, seconds of audio and warnings.
        """

    def instrumental(self, studio: Studio, source: Path, output: Path) -> FileResult:
        """Write the song without its voice, treated as the user asked, in the job's format."""
        take = studio.take(source)
        treatment = self._options.treatment
        # What is stretched is no longer on the grid of the source's samples.
        off_grid = replace(take.info, bit_depth=None, is_float=True)
        recording = Recording(
            info=take.info if treatment.keeps_time_and_key else off_grid,
            stem_format=self.job.stem_format,
            stems=("voice", KARAOKE),
            outputs={KARAOKE: output},
            tags={KARAOKE: _retimed(studio.tags(source, KARAOKE), treatment)},
        )
        return replace(record(take.treated(treatment), recording), warnings=take.result.warnings)

    def facts(self) -> Mapping[str, Any]:
        """The options that make a difference to this kind of product, for the manifest."""
        treatment = self._options.treatment
        return {
            "guide_db": treatment.guide_db,
            "key": treatment.key,
            "tempo": treatment.tempo,
            "count_in_s": treatment.count_in_s,
        }

    @property
    def source(self) -> Path:
        """The file that is separated."""
        assert self.job.source is not None
        return self.job.source

    @property
    def place(self) -> Path:
        """The folder of the outputs."""
        return next(iter(self.job.outputs.values())).parent

    def is_up_to_date(self) -> bool:
        """Whether the manifest lists the very same, if the user wants to know."""
        manifest = self.job.manifest
        if not self._options.skip_existing or manifest is None:
            return False
        entry = self._entry()
        return entry is not None and is_up_to_date(manifest, entry)

    def run(self, progress: ProgressCallback, cancel: CancelToken) -> FileResult:
        """Make it; all outputs get their names together.

        Raises:
            VocalsepError: what went wrong; nothing is left or changed.
        """
        start = time.perf_counter()
        entry = self._entry()
        with Workshop(self.place) as workshop:

            def named_progress(step: Progress) -> None:
                progress(replace(step, source=self.job.info.name))  # not what is made aside

            studio = Studio(self._separator, workshop, named_progress, cancel, self._options.force)
            result = self.build(studio)
            cancel.check()
            workshop.commit()
        if entry and self.job.manifest:
            add_entry(self.job.manifest, replace(entry, gain=result.gain))
        seconds = time.perf_counter() - start
        return replace(result, source=self.job.info.name, outputs=self.job.outputs, seconds=seconds)

    def _entry(self) -> Entry | None:
        entry = wanted_entry(self.job, self._separator.model)
        if entry is None:
            return None
        return replace(entry, options={**entry.options, "karaoke": self.kind, **self.facts()})


def _retimed(tags: Tags, treatment: Treatment) -> Tags:
    """The tags of a treated song: synced lyrics follow it."""
    lyrics = tags.text.get("lyrics", ())
    if treatment.keeps_times or not lyrics:
        return tags
    moved = tuple(retime_lrc(text, treatment) for text in lyrics)
    return replace(tags, text={**tags.text, "lyrics": moved})
