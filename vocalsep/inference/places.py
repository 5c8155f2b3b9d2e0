"""Check all output names of a batch before any work: free, distinct and writable."""

from __future__ import annotations

import os
import tempfile
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from vocalsep.errors import PlanError

MAX_NAME_BYTES = 255  # of one path component, on every common file system


@dataclass
class Places:
    """Output names claimed so far.

    Args:
        sources: files that must not be overwritten.
    """

    sources: Iterable[Path]
    _owners: dict[str, str] = field(default_factory=dict, init=False)
    _ignores_case: dict[Path, bool] = field(default_factory=dict, init=False)

    def claim(self, output: Path, owner: str) -> None:
        """Reserve `output` for the source called `owner`.

        Raises:
            PlanError: the name is too long, taken, one of the sources, or cannot be written.
        """
        for part in output.parts:
            n_bytes = len(os.fsencode(part))
            if n_bytes > MAX_NAME_BYTES:
                raise PlanError(
                    f"{output}: a name of {n_bytes} bytes, at most {MAX_NAME_BYTES} are possible; "
                    "choose shorter names with --name"
                )
        place = self._existing_folder(output)
        key = self._key(output, place)
        taken_by = self._owners.get(key)
        if taken_by is not None:
            raise PlanError(
                f"{owner} and {taken_by} would both be written to {output}; separate them one by "
                "one or tell them apart with --name, e.g. '{track}.{source_ext}/{stem}.{ext}'"
            )
        if any(self._key(source, place) == key for source in self.sources):
            raise PlanError(f"{output} is an input and would be overwritten; change -o or --name")
        if output.is_dir():
            raise PlanError(f"{output} is a folder; a file of this name is to be written")
        self._owners[key] = owner

    def check_nesting(self) -> None:
        """Refuse an output that is the folder of another.

        Raises:
            PlanError: one output would have to be a file and a folder.
        """
        for key, owner in self._owners.items():
            for parent in Path(key).parents:
                if str(parent) in self._owners:
                    raise PlanError(
                        f"{parent} would be a file ({self._owners[str(parent)]}) and a folder "
                        f"({owner}); change --name"
                    )

    def _existing_folder(self, output: Path) -> Path:
        """The innermost folder above `output` that exists, tried once for writing."""
        place = output.parent
        while not place.exists() and place != place.parent:
            place = place.parent
        if place not in self._ignores_case:
            self._ignores_case[place] = _probe(place)
        return place

    def _key(self, path: Path, place: Path) -> str:
        """Equal for two paths exactly if they are one file where `place` is."""
        text = str(path.resolve())
        if self._ignores_case[place]:
            return unicodedata.normalize("NFC", text).casefold()
        return text


def _probe(folder: Path) -> bool:
    """Create and remove a file in `folder`; returns whether its file system ignores case.

    Trying is the only test that holds for administrators, read-only mounts and Windows alike.

    Raises:
        PlanError: no file can be created.
    """
    if not folder.is_dir():
        raise PlanError(f"{folder} is a file; a folder is needed there: change -o or --name")
    try:
        with tempfile.NamedTemporaryFile(prefix=".vocalsep-a", dir=folder) as probe:
            return Path(probe.name).with_name(Path(probe.name).name.swapcase()).exists()
    except OSError as error:
        raise PlanError(f"{folder}: cannot write there ({error.strerror}); change -o") from error
