"""Where the files of one song are made until all of them are complete."""

from __future__ import annotations

import os
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from vocalsep.audio._output_file import output_error
from vocalsep.audio.unfinished import UnfinishedName, remove_leftovers
from vocalsep.errors import VocalsepError


class Workshop:
    """A hidden folder beside the outputs; leaving it without `commit` leaves nothing behind.

    It lies in the folder of the outputs, because only there a rename is one step.

    Args:
        place: the folder of the outputs; made if it is missing.

    Raises:
        OutputError: the folder cannot be made.
    """

    def __init__(self, place: Path) -> None:
        self._finals: dict[Path, Path] = {}  # where it is made → where it goes
        self._cleanup = ExitStack()
        try:
            for missing in reversed(_missing_folders(place)):
                missing.mkdir(exist_ok=True)
                self._cleanup.callback(_remove_if_empty, missing)
            remove_leftovers(place)
            name = self._cleanup.enter_context(closing(UnfinishedName(place)))
            self.folder = name.path("")
            self.folder.mkdir()
        except OSError as error:
            self._cleanup.close()
            raise output_error(place, error) from error

    def path_for(self, final: Path) -> Path:
        """Where to make the file that becomes `final`; it keeps its suffix."""
        made = self.folder / f"{len(self._finals)}{final.suffix}"
        self._finals[made] = final
        return made

    def commit(self) -> None:
        """Give every file its final name, in the order they were asked for.

        Raises:
            OutputError: a name is refused; files before it have theirs.
        """
        for made, final in self._finals.items():
            try:
                final.parent.mkdir(parents=True, exist_ok=True)
                os.replace(made, final)
            except OSError as error:
                raise output_error(final, error) from error

    def __enter__(self) -> Workshop:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._cleanup.close()
        if isinstance(error, OSError) and not isinstance(error, VocalsepError):
            raise output_error(self.folder.parent, error) from error


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # not empty: it holds our files
        folder.rmdir()


def _missing_folders(place: Path) -> list[Path]:
    """The folders down to `place` that are not there yet, innermost first."""
    missing = []
    while not place.exists() and place != place.parent:
        missing.append(place)
        place = place.parent
    return missing
