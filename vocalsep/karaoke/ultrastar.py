"""UltraStar songs: vocals and instrumental beside the song, named in its text file.

UltraStar Deluxe plays the song and the instrumental at once and fades between them, UltraStar
Play and Performous play vocals and instrumental: all three need files that lie sample by sample
where the song lies, as loud as in the song.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from vocalsep.errors import OutputError, UnreadableAudio, VocalsepError
from vocalsep.inference.events import FileResult
from vocalsep.inference.manifest import MANIFEST_NAME, listed_outputs
from vocalsep.inference.plan import Job
from vocalsep.karaoke.context import ALL_TREATMENTS, Context
from vocalsep.karaoke.instrumental import names_an_instrumental
from vocalsep.karaoke.pair import STEMS, StemPair
from vocalsep.karaoke.product import Studio
from vocalsep.karaoke.replay_gain import copy_replay_gain
from vocalsep.karaoke.ultrastar_text import SongText

#: Stem → the header that names its file, and what its file name gains (usdb_syncer's names).
_HEADERS = {"vocals": "VOCALS", "instrumental": "INSTRUMENTAL"}
_MARKS = {"vocals": "[VOC]", "instrumental": "[INSTR]"}

# Performous finds none but these.
_PLAYABLE = ("mp3", "m4a", "ogg", "opus")


@dataclass(frozen=True)
class Song:
    """One text file and what it lacks."""

    path: Path
    text: SongText
    audio: Path
    missing: tuple[str, ...]  # stems whose header is to be written


def read_text(path: Path) -> SongText:
    """The bytes of a text file.

    Raises:
        UnreadableAudio: it cannot be read.
    """
    try:
        return SongText(path.read_bytes())
    except OSError as error:
        raise UnreadableAudio(f"{path}: cannot be read: {error.strerror}") from error


def read_song(path: Path, text: SongText, force: bool) -> Song:
    """Understand one text file.

    Raises:
        UnreadableAudio: it is no UltraStar song, or its sound file is missing.
        VocalsepError: it is an instrumental, or a stem that it names is missing.
    """
    if not text.is_song:
        raise UnreadableAudio(
            f"{path}: not an UltraStar song; expected the headers #TITLE and #MP3 (or #AUDIO)"
        )
    audio = sound_of(path, text)
    if audio is None:
        name = text.get("AUDIO") or text.get("MP3")
        raise UnreadableAudio(
            f"{path}: its sound file {name!r} is not in its folder; correct #MP3 (or #AUDIO)"
        )
    if not force:
        _refuse_instrumental(path, text, audio)
    missing = tuple(stem for stem in STEMS if force or _needs(path, text, stem))
    return Song(path, text, audio, missing)


def sound_of(path: Path, text: SongText) -> Path | None:
    """The sound file of a song; None if it is not there."""
    return _beside(path, text.get("AUDIO") or text.get("MP3") or "")


def _refuse_instrumental(path: Path, text: SongText, audio: Path) -> None:
    same = text.get("INSTRUMENTAL") in (text.get("AUDIO") or text.get("MP3"), audio.name)
    if same or any(names_an_instrumental(name) for name in (text.get("TITLE") or "", audio.stem)):
        raise VocalsepError(
            f"{path}: the song already is an instrumental ({audio.name}); "
            "--force takes it apart all the same"
        )


def _needs(path: Path, text: SongText, stem: str) -> bool:
    """Whether the stem has no header yet.

    Raises:
        VocalsepError: it has one, but not the file.
    """
    name = text.get(_HEADERS[stem])
    if name is None:
        return True
    if _beside(path, name) is None:
        raise VocalsepError(
            f"{path}: #{_HEADERS[stem]}:{name} is not in its folder; --force makes it anew"
        )
    return False


def _beside(path: Path, name: str) -> Path | None:
    """A file that a header names, relative to the text; None if it is not there or not relative.

    Windows writes names in any case, and so do the people who carry songs from there.
    """
    parts = PureWindowsPath(name)
    if parts.is_absolute() or parts.drive or parts.root or ".." in parts.parts or not parts.parts:
        return None
    found = path.parent
    for part in parts.parts:
        exact = found / part
        if not exact.exists() and found.is_dir():
            same = [each for each in found.iterdir() if each.name.casefold() == part.casefold()]
            exact = same[0] if same else exact
        found = exact
    return found if found.is_file() else None


class UltraStarSong(StemPair):
    """Stems for all texts that share one sound file."""

    kind = "ultrastar"

    def __init__(self, job: Job, context: Context, songs: list[Song]) -> None:
        super().__init__(job, context.options, context.separator)
        self._songs = songs

    def is_up_to_date(self) -> bool:
        """Whether every text names both stems and has their files."""
        return not any(song.missing for song in self._songs)

    def build(self, studio: Studio) -> FileResult:
        result = super().build(studio)
        for path in result.outputs.values():
            copy_replay_gain(self.source, path)
        for song in self._songs:
            if song.missing:
                made = studio.workshop.path_for(song.path)
                made.write_bytes(self._edited(song).data)
                shutil.copymode(song.path, made)
        return result

    def _edited(self, song: Song) -> SongText:
        """The text as it is now, with its new headers.

        Raises:
            OutputError: somebody has changed it since it was planned.
        """
        if song.path.read_bytes() != song.text.data:
            raise OutputError(f"{song.path}: it has changed meanwhile; run the command again")
        text, after = song.text, "AUDIO" if song.text.get("AUDIO") else "MP3"
        for stem in song.missing:
            relative = self.job.outputs[stem].relative_to(song.path.parent).as_posix()
            text = text.set(_HEADERS[stem], relative, after)
            after = _HEADERS[stem]
        return text


def plan_songs(songs: list[Song], context: Context) -> UltraStarSong:
    """Plan the texts that share one sound file.

    Raises:
        VocalsepError: the sound cannot be read, or files that are not ours have the names.
        PlanError, UnsupportedFormat: see `Context`.
    """
    why = "the game plays the stems along with the song"
    context.refuse_treatment("UltraStar", why, ALL_TREATMENTS)
    first = songs[0]
    sound = context.open(first.audio)
    name = context.name_format(sound, "ogg")
    if context.options.format is None and name not in _PLAYABLE:
        name = "ogg"
    stem_format = context.format(sound, name)
    wanted = [stem for stem in STEMS if any(stem in song.missing for song in songs)] or STEMS
    outputs = {
        stem: first.audio.with_name(f"{first.audio.stem} {_MARKS[stem]}{stem_format.extension}")
        for stem in wanted
    }
    is_done = not any(song.missing for song in songs)
    if not (is_done or context.options.force):
        _refuse_foreign(outputs)
    return UltraStarSong(context.job(sound, stem_format, outputs), context, songs)


def _refuse_foreign(outputs: dict[str, Path]) -> None:
    for path in outputs.values():
        if path.exists() and path.name not in listed_outputs(path.parent / MANIFEST_NAME):
            raise OutputError(f"{path} is there already and not ours; --force replaces it")
