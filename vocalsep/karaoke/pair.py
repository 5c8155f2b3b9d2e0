"""Vocals and instrumental of one song at two given places; what other programs ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from vocalsep.audio.formats import plan_format
from vocalsep.audio.read import open_audio
from vocalsep.errors import OutputError
from vocalsep.inference.cancel import CancelToken
from vocalsep.inference.events import FileResult, ProgressCallback
from vocalsep.inference.options import FileOptions
from vocalsep.inference.plan import Job
from vocalsep.inference.separator import Separator
from vocalsep.karaoke.options import KaraokeOptions
from vocalsep.karaoke.product import Product, Studio
from vocalsep.karaoke.take import Recording, record

VOCALS, INSTRUMENTAL = "vocals", "instrumental"
STEMS = (VOCALS, INSTRUMENTAL)


class StemPair(Product):
    """Both stems (or one) where the song lies, as loud as in the song."""

    kind = "pair"

    def facts(self) -> Mapping[str, Any]:
        return {}  # no treatment is possible

    def build(self, studio: Studio) -> FileResult:
        take = studio.take(self.source)
        outputs = self.job.outputs
        recording = Recording(
            info=take.info,
            stem_format=self.job.stem_format,
            stems=STEMS,
            outputs={stem: studio.workshop.path_for(path) for stem, path in outputs.items()},
            tags={stem: studio.tags(take.source, stem) for stem in outputs},
        )
        return replace(record(take.pairs, recording), warnings=take.result.warnings)


def plan_pair(
    source: Path,
    outputs: Mapping[str, Path],
    format: str,
    separator: Separator,
    skip_existing: bool = False,
) -> StemPair:
    """Plan a pair for a program that says where it wants the files.

    Args:
        source: the song, or a video.
        outputs: "vocals" and "instrumental" and their files, which are replaced.
        format: of both.
        separator: finds the voice.
        skip_existing: see `Product.is_up_to_date`.

    Raises:
        UnreadableAudio: there is no sound in it.
        UnsupportedFormat: the format cannot carry it.
        OutputError: an output is the song itself.
    """
    if source.resolve() in {path.resolve() for path in outputs.values()}:
        raise OutputError(f"{source}: it would be overwritten by a stem of itself")
    with open_audio(source) as reader:
        info, length_s = reader.info, reader.length_hint_s
    job = Job(
        info=info,
        stem_format=plan_format(info, format),
        outputs=dict(outputs),
        options=FileOptions(format),
        source=source,
        length_s=length_s,
    )
    # Whoever asks for a pair gets one, even if nobody sings.
    options = KaraokeOptions(inputs=(str(source),), force=True, skip_existing=skip_existing)
    return StemPair(job, options, separator)


def make_pair(
    source: Path, outputs: Mapping[str, Path], format: str, separator: Separator
) -> FileResult:
    """Plan a pair and write it at once.

    Raises:
        VocalsepError: see `plan_pair` and `Product.run`.
    """
    pair = plan_pair(source, outputs, format, separator)
    progress: ProgressCallback = _nobody_listens
    return pair.run(progress, CancelToken())


def _nobody_listens(step: object) -> None:
    """The caller has no place to show progress."""
