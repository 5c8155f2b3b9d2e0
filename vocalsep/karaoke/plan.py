"""Recognise what the inputs are and plan one product for each, before any work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from vocalsep.errors import PlanError, UnsupportedFormat, VocalsepError
from vocalsep.inference.names import Source
from vocalsep.inference.places import Places
from vocalsep.inference.separator import Separator
from vocalsep.inference.sources import AUDIO_SUFFIXES, Failure, find_sources
from vocalsep.karaoke.context import Context
from vocalsep.karaoke.lyric_video import plan_lyric_video, plan_words
from vocalsep.karaoke.mp3g import (
    CDG,
    ZIP,
    graphics_of,
    is_disc_archive,
    open_archive,
    open_pair,
    plan_disc,
)
from vocalsep.karaoke.options import KaraokeOptions
from vocalsep.karaoke.product import Product
from vocalsep.karaoke.song import plan_audio
from vocalsep.karaoke.stem_file import plan_stem_file
from vocalsep.karaoke.stretch import require_stretch
from vocalsep.karaoke.ultrastar import Song, plan_songs, read_song, read_text
from vocalsep.karaoke.ultrastar_notes import song_lines
from vocalsep.karaoke.video import is_video, plan_video

_TEXT = ".txt"
_SUFFIXES = AUDIO_SUFFIXES | {_TEXT, CDG, ZIP}


@dataclass
class KaraokePlan:
    """The products of a command, and the songs that cannot be one."""

    products: list[Product] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


def plan_karaoke(options: KaraokeOptions, separator: Separator) -> KaraokePlan:
    """Plan everything.

    Raises:
        PlanError: outputs collide or cannot be written, or options exclude each other.
        UnsupportedFormat: the asked format cannot carry a song.
        VocalsepError: a library for a new key or tempo is missing.
    """
    if not options.treatment.keeps_time_and_key:
        require_stretch()
    sources, failures = find_sources(
        options.inputs, options.recursive, options.output_dir, _SUFFIXES
    )
    plan = KaraokePlan(failures=failures)
    context = Context(options, separator, Places([source.path for source in sources]))
    named = {Path(name) for name in options.inputs}
    library = _library(sources, options, named, plan)
    for group in library.groups.values():
        make = _ultrastar_video if options.make == "video" else plan_songs
        _add(plan, str(group[0].path), partial(make, group, context))
    for source in _songs(sources, named, library):
        _add(plan, str(source.path), partial(plan_source, source, context))
    if not (plan.products or plan.failures):
        plan.failures.append(
            Failure(options.inputs[0], VocalsepError(f"{options.inputs[0]}: no songs in there"))
        )
    return plan


@dataclass
class _Library:
    """The UltraStar songs among the sources.

    Attributes:
        groups: songs by the sound file that they share.
        folders: where sound files belong to UltraStar songs.
    """

    groups: dict[Path, list[Song]] = field(default_factory=dict)
    folders: set[Path] = field(default_factory=set)

    def add(self, path: Path, is_named: bool, force: bool) -> None:
        """Read one text file; what lies in folders and is no song is none of ours.

        Raises:
            VocalsepError: see `read_song`.
        """
        text = read_text(path)
        if not (text.is_song or is_named):
            return
        self.folders.add(path.parent)
        song = read_song(path, text, force)
        self.groups.setdefault(song.audio.resolve(), []).append(song)


def _library(
    sources: list[Source], options: KaraokeOptions, named: set[Path], plan: KaraokePlan
) -> _Library:
    library = _Library()
    for source in sources:
        if source.path.suffix.lower() == _TEXT:
            try:
                library.add(source.path, source.path in named, options.force)
            except VocalsepError as error:
                plan.failures.append(Failure(str(source.path), error))
    return library


def _songs(sources: list[Source], named: set[Path], library: _Library) -> Iterator[Source]:
    """The sources that are songs of their own."""
    pairs = {source.path for source in sources if source.path.suffix.lower() == CDG}
    for source in sources:
        path, suffix = source.path, source.path.suffix.lower()
        if suffix == _TEXT or graphics_of(path) in pairs:
            continue  # is planned with the sound file that it belongs to, or with its pictures
        is_other = suffix == ZIP and not is_disc_archive(path)
        if path in named or not (is_other or path.parent in library.folders):
            yield source


def _ultrastar_video(group: list[Song], context: Context) -> Product:
    """A video of the first text, named after artist and title: files are often called "audio"."""
    song = group[0]
    lines = song_lines(song.text, str(song.path))
    name = f"{song.text.get('ARTIST') or 'Unknown'} - {song.text.get('TITLE')}".replace("/", "_")
    return plan_words(song.audio, lines, Source(song.path.with_name(f"{name}.txt")), context)


def plan_source(source: Source, context: Context) -> Product:
    """What one source becomes.

    Raises:
        VocalsepError: why it cannot be.
    """
    suffix = source.path.suffix.lower()
    if context.options.make == "stems":
        return plan_stem_file(source, context)
    if suffix == ZIP:
        return plan_disc(open_archive(source.path), source, context)
    graphics = source.path if suffix == CDG else graphics_of(source.path)
    if graphics is not None:
        return plan_disc(open_pair(graphics), source, context)
    if context.options.make == "video" and not is_video(source.path):
        return plan_lyric_video(source, context)
    return plan_video(source, context) if is_video(source.path) else plan_audio(source, context)


def _add(plan: KaraokePlan, name: str, make: Callable[[], Product]) -> None:
    """Plan one song; what is wrong with it alone does not stop the others."""
    try:
        plan.products.append(make())
    except (PlanError, UnsupportedFormat):
        raise
    except VocalsepError as error:
        plan.failures.append(Failure(name, error))
