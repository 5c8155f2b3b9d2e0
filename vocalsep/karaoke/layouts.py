"""What a watched folder looks like: which files are songs, and where their stems go."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

from vocalsep.inference.manifest import MANIFEST_NAME, listed_outputs
from vocalsep.inference.names import Source
from vocalsep.inference.places import Places
from vocalsep.inference.separator import Separator
from vocalsep.inference.session import Work
from vocalsep.inference.sources import AUDIO_SUFFIXES
from vocalsep.karaoke.context import Context
from vocalsep.karaoke.mp3g import ZIP, graphics_of, is_disc_archive
from vocalsep.karaoke.options import DEFAULT_OUTPUT, KaraokeOptions
from vocalsep.karaoke.pair import plan_pair
from vocalsep.karaoke.plan import plan_source
from vocalsep.karaoke.ultrastar import plan_songs, read_song, read_text, sound_of
from vocalsep.registry import Registry


class Layout(ABC):
    """One way to keep songs."""

    @abstractmethod
    def songs(self, folder: Path) -> Iterator[Path]:
        """Every file in the folder that is a song, done or not."""

    def parts(self, path: Path) -> list[Path]:
        """All files of a song: none of them may be still on its way."""
        return [path]

    @abstractmethod
    def work(self, path: Path, separator: Separator) -> Work:
        """What is to be done with one of them.

        Raises:
            VocalsepError: it cannot be done.
        """


LAYOUTS: Registry[type[Layout]] = Registry("layout")


def _files(folder: Path, suffixes: frozenset[str]) -> Iterator[Path]:
    """Files right in a folder that are not ours and not hidden."""
    ours = listed_outputs(folder / MANIFEST_NAME)
    for path in sorted(folder.iterdir()):
        is_ours = path.name in ours or path.name.startswith(".")
        if path.suffix.lower() in suffixes and not is_ours and path.is_file():
            yield path


@LAYOUTS.register("plain")
class Plain(Layout):
    """Songs, videos and MP3+G; what `vocalsep karaoke` makes of them goes to `karaoke/` in it."""

    def songs(self, folder: Path) -> Iterator[Path]:
        for path in _files(folder, AUDIO_SUFFIXES | {ZIP}):
            if path.suffix.lower() != ZIP or is_disc_archive(path):
                yield path

    def parts(self, path: Path) -> list[Path]:
        graphics = graphics_of(path)
        return [path] if graphics is None else [path, graphics]

    def work(self, path: Path, separator: Separator) -> Work:
        output = path.parent / DEFAULT_OUTPUT
        options = KaraokeOptions(inputs=(str(path),), output=str(output), skip_existing=True)
        return plan_source(Source(path), Context(options, separator, Places([path])))


@LAYOUTS.register("ultrastar")
class UltraStar(Layout):
    """A library of song folders, one level deep or flat: every text gains its two stems."""

    def songs(self, folder: Path) -> Iterator[Path]:
        for place in (folder, *sorted(each for each in folder.iterdir() if each.is_dir())):
            if not place.name.startswith("."):
                for path in _files(place, frozenset({".txt"})):
                    if read_text(path).is_song:
                        yield path

    def parts(self, path: Path) -> list[Path]:
        audio = sound_of(path, read_text(path))
        return [path] if audio is None else [path, audio]

    def work(self, path: Path, separator: Separator) -> Work:
        options = KaraokeOptions(inputs=(str(path),))
        song = read_song(path, read_text(path), force=False)
        return plan_songs([song], Context(options, separator, Places([song.audio, path])))


@LAYOUTS.register("openhomekaraoke")
class OpenHomeKaraoke(Layout):
    """`nonvocal/<file name>.m4a` and `vocal/<file name>.m4a` beside each song."""

    def songs(self, folder: Path) -> Iterator[Path]:
        return _files(folder, AUDIO_SUFFIXES)

    def work(self, path: Path, separator: Separator) -> Work:
        places = {"vocals": "vocal", "instrumental": "nonvocal"}
        outputs = {stem: path.parent / place / f"{path.name}.m4a" for stem, place in places.items()}
        return plan_pair(path, outputs, "m4a", separator, skip_existing=True)
