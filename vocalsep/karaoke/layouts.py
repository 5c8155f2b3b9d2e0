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
from vocalsep.karaoke.openhomekaraoke import playing_next
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

    def first(self, ready: list[Path]) -> Path:
        """Which of the songs that can be worked on comes first; they are in order of names."""
        return ready[0]

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
    """`nonvocal/<file name>.m4a` and `vocal/<file name>.m4a` beside each song.

    What plays or waits in the player's queue comes first.
    """

    def __init__(self) -> None:
        self._last: Path | None = None

    def first(self, ready: list[Path]) -> Path:
        is_done = self._last is not None and _nonvocal(self._last).exists()
        queue = playing_next(self._last.name if self._last and is_done else "")
        by_name = {path.name: path for path in ready}
        self._last = next((by_name[name] for name in queue if name in by_name), ready[0])
        return self._last

    def songs(self, folder: Path) -> Iterator[Path]:
        return _files(folder, AUDIO_SUFFIXES)

    def work(self, path: Path, separator: Separator) -> Work:
        vocal = path.parent / "vocal" / f"{path.name}.m4a"
        outputs = {"vocals": vocal, "instrumental": _nonvocal(path)}
        return plan_pair(path, outputs, "m4a", separator, skip_existing=True)


def _nonvocal(path: Path) -> Path:
    return path.parent / "nonvocal" / f"{path.name}.m4a"
