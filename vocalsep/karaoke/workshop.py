"""Where the files of one song are made until all of them are complete."""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from vocalsep.audio._output_file import output_error
from vocalsep.audio.write import TEMPORARY_PREFIX
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
        self._made = _missing_folders(place)
        self.folder = place / f"{TEMPORARY_PREFIX}{secrets.token_hex(6)}"
        self._finals: dict[Path, Path] = {}  # where it is made → where it goes
        try:
            self.folder.mkdir(parents=True)
        except OSError as error:
            self._clear()
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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._clear()
        if isinstance(error, OSError) and not isinstance(error, VocalsepError):
            raise output_error(self.folder.parent, error) from error

    def _clear(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        for folder in self._made:
            with suppress(OSError):  # not empty: it holds our files
                folder.rmdir()


def _missing_folders(place: Path) -> list[Path]:
    """The folders down to `place` that are not there yet, innermost first."""
    missing = []
    while not place.exists() and place != place.parent:
        missing.append(place)
        place = place.parent
    return missing
