"""What all sections share: parts by name, and the check of a value."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from vocalsep.errors import RecipeError

# Names become parts of file names: no separators, no leading dot.
PLAIN_NAME = re.compile(r"\w[\w .+-]{0,99}")


def check(key: str, value: object, fits: bool, expected: str) -> None:
    """Refuse the value of a recipe key.

    Raises:
        RecipeError: `fits` is false.
    """
    if not fits:
        raise RecipeError(f"{key} is {value!r}: expected {expected}")


@dataclass(frozen=True)
class Part:
    """A registered part and the arguments of its constructor."""

    name: str
    params: dict[str, Any] = field(default_factory=dict)
