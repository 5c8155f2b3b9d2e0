"""Fill a name template for one source."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from string import Formatter

from vocalsep.errors import PlanError
from vocalsep.registry import did_you_mean

FIELDS = ("folder", "track", "stem", "ext", "source_dir", "source_ext", "model")


@dataclass(frozen=True)
class Source:
    """A file to separate and its folder relative to the input folder it was found in."""

    path: Path
    folder: Path = Path()


def check_template(template: str, n_stems: int) -> None:
    """Refuse a template that cannot give every stem a name of its own.

    Raises:
        PlanError: unknown field, broken braces, no {stem}, no {ext}.
    """
    used = set()
    try:
        for _, name, spec, conversion in Formatter().parse(template):
            if name is None:
                continue
            if name not in FIELDS:
                hint = did_you_mean(name, list(FIELDS))
                raise PlanError(f"name template {template!r} has no field {{{name}}}: {hint}")
            if spec or conversion:
                raise PlanError(f"name template {template!r}: write {{{name}}} without ':' or '!'")
            used.add(name)
    except ValueError as error:
        raise PlanError(f"name template {template!r}: {error}; write {{{{ for a brace") from error
    if "stem" not in used and n_stems > 1:
        raise PlanError(f"name template {template!r} gives all stems one name: add {{stem}}")
    if not template.endswith(".{ext}"):
        raise PlanError(f"name template {template!r} must end in .{{ext}}")


def output_path(root: Path, template: str, source: Source, values: dict[str, str]) -> Path:
    """The path of one stem.

    Args:
        root: the output folder; a template that starts with {source_dir} leaves it.
        template: checked by `check_template`.
        source: the file that is separated.
        values: "stem", "ext" and "model".
    """
    fields = {
        "track": _component(source.path.stem),
        "folder": str(source.folder),
        "source_dir": str(source.path.absolute().parent),
        "source_ext": source.path.suffix.lstrip("."),
        **values,
    }
    path = root
    # Filled part by part, so that an empty field is an empty part and not the root folder.
    for part in Path(template).parts:
        path = path / part.format(**fields)
    return path


def _component(name: str) -> str:
    """A file's stem as a folder name."""
    if os.name == "nt":  # Windows drops trailing dots and spaces of folders without a word
        name = name.rstrip(" .") or "_"
    return name.replace(".", "_") if name in {".", ".."} else name
