"""MP3+G: a sound file and a .cdg of the same name, side by side or in a .zip.

A .cdg is a stream of 300 packets a second without time stamps, so it fits a sound file that lies
sample by sample where the old one lay, and no other; a count-in is as many empty packets, which
players skip. PiKaraoke and OpenKJ open a .zip with one
sound file and one .cdg of the same base name; KaraokeEternal looks at its top level only.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from vocalsep.errors import UnreadableAudio
from vocalsep.inference.events import FileResult
from vocalsep.inference.names import Source
from vocalsep.inference.plan import Job
from vocalsep.karaoke.context import Context, Sound
from vocalsep.karaoke.product import KARAOKE, Product, Studio

CDG = ".cdg"
ZIP = ".zip"
SOUND_SUFFIXES = (".mp3", ".m4a", ".ogg", ".opus", ".wav", ".flac")
DEFAULT_TEMPLATE = "{folder}/{track}.{ext}"
_BYTES_PER_S = 300 * 24


@dataclass(frozen=True)
class Disc:
    """One song: its two files, in the archive `source` or, if that is none, beside each other.

    Attributes:
        source: the .zip, or the sound file.
        sound, graphics: names of members of the archive, or paths.
    """

    source: Path
    sound: str
    graphics: str

    @property
    def base(self) -> str:
        """What both files are called."""
        return PurePosixPath(Path(self.sound).as_posix()).stem

    @property
    def is_archive(self) -> bool:
        """Whether the files have to be unpacked."""
        return self.source.suffix.lower() == ZIP

    def copy(self, name: str, target: Path) -> Path:
        """Bring one of the two files to `target`.

        Raises:
            UnreadableAudio: it cannot be read or unpacked.
        """
        try:
            if not self.is_archive:
                return Path(shutil.copyfile(name, target))
            with (
                zipfile.ZipFile(self.source) as archive,
                archive.open(name) as member,
                target.open("wb") as file,
            ):
                shutil.copyfileobj(member, file)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
            raise UnreadableAudio(f"{self.source}: {name} cannot be unpacked: {error}") from error
        return target


def is_disc_archive(path: Path) -> bool:
    """Whether this is a .zip with a .cdg in it."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.lower().endswith(CDG) for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def open_archive(path: Path) -> Disc:
    """Find the pair in a .zip.

    Raises:
        UnreadableAudio: it is no .zip, or does not hold one sound file and one .cdg of one name.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
    except (OSError, zipfile.BadZipFile) as error:
        raise UnreadableAudio(f"{path}: not a .zip that can be read ({error})") from error
    graphics = [name for name in names if name.lower().endswith(CDG)]
    sounds = [name for name in names if PurePosixPath(name.lower()).suffix in SOUND_SUFFIXES]
    if len(graphics) != 1 or len(sounds) != 1:
        raise UnreadableAudio(
            f"{path}: it holds {len(sounds)} sound files and {len(graphics)} .cdg files; "
            "expected one of each"
        )
    if PurePosixPath(graphics[0]).stem.casefold() != PurePosixPath(sounds[0]).stem.casefold():
        raise UnreadableAudio(
            f"{path}: {sounds[0]} and {graphics[0]} differ in name; players need the same"
        )
    return Disc(path, sounds[0], graphics[0])


def open_pair(graphics: Path) -> Disc:
    """Find the sound file that belongs to a .cdg.

    Raises:
        UnreadableAudio: there is none.
    """
    for other in sorted(graphics.parent.iterdir()) if graphics.parent.is_dir() else []:
        if other.stem == graphics.stem and other.suffix.lower() in SOUND_SUFFIXES:
            return Disc(other, str(other), str(graphics))
    raise UnreadableAudio(
        f"{graphics}: a .cdg holds pictures only, and there is no {graphics.stem}.mp3 beside it"
    )


def graphics_of(sound: Path) -> Path | None:
    """The .cdg beside a sound file, if there is one."""
    for suffix in (CDG, CDG.upper()):
        path = sound.with_suffix(suffix)
        if sound.suffix.lower() in SOUND_SUFFIXES and path.is_file():
            return path
    return None


class DiscSong(Product):
    """A new archive with the instrumental and the old graphics."""

    kind = "mp3+g"

    def __init__(self, job: Job, context: Context, disc: Disc) -> None:
        super().__init__(job, context.options, context.separator)
        self._disc = disc

    def build(self, studio: Studio) -> FileResult:
        disc = self._disc
        folder = studio.workshop.folder
        original = disc.copy(disc.sound, folder / f"original{Path(disc.sound).suffix}")
        graphics = disc.copy(disc.graphics, folder / f"graphics{CDG}")
        lead = bytes(self._options.treatment.count_in_s * _BYTES_PER_S)
        sound = folder / f"sound{self.job.stem_format.extension}"
        result = self.instrumental(studio, original, sound)
        (output,) = self.job.outputs.values()
        with zipfile.ZipFile(studio.workshop.path_for(output), "w") as archive:
            _store(archive, sound, disc.base + sound.suffix, zipfile.ZIP_STORED)
            _store(archive, graphics, disc.base + CDG, zipfile.ZIP_DEFLATED, lead)
        return result


def _store(archive: zipfile.ZipFile, path: Path, name: str, method: int, lead: bytes = b"") -> None:
    """Add a file behind `lead`; without its date, the same files give the same archive."""
    info = zipfile.ZipInfo(name)
    info.compress_type = method
    info.external_attr = 0o644 << 16
    info.file_size = len(lead) + path.stat().st_size
    with path.open("rb") as file, archive.open(info, "w") as member:
        member.write(lead)
        shutil.copyfileobj(file, member)


def plan_disc(disc: Disc, source: Source, context: Context) -> DiscSong:
    """Plan one song.

    Raises:
        UnreadableAudio: its sound cannot be decoded.
        PlanError, UnsupportedFormat: see `Context`.
    """
    why = "the pictures of a .cdg keep their pace"
    context.refuse_treatment("MP3+G", why, frozenset({"--tempo"}))
    sound = _probe(disc, context)
    stem_format = context.format(sound, context.name_format(sound, "mp3"))
    output = context.output(source, DEFAULT_TEMPLATE, "zip")
    return DiscSong(context.job(sound, stem_format, {KARAOKE: output}), context, disc)


def _probe(disc: Disc, context: Context) -> Sound:
    """Look at the sound, unpacked for a moment; it is known by the name of the archive."""
    named = Path(disc.sound)
    if not disc.is_archive:
        return context.open(disc.source)
    with tempfile.TemporaryDirectory(prefix="vocalsep-") as folder:
        unpacked = disc.copy(disc.sound, Path(folder) / f"sound{named.suffix}")
        sound = context.open(unpacked, named)
    info = replace(sound.info, name=str(disc.source), path=disc.source)
    return Sound(disc.source, info, sound.length_s)
