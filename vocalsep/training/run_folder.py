"""A run folder belongs to one recipe."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vocalsep.atomic import write_whole
from vocalsep.errors import OutputError, RecipeError
from vocalsep.training.checkpoints import Checkpoints
from vocalsep.training.world import World

RECIPE = "recipe.json"

#: What may change between two starts of one run: how long it goes on, where files lie, what is
#: told and kept. All else would make the model something that its recipe does not say.
FREE = (
    "licence",
    "training_data",
    "mixing.bank",
    "validation",
    "training.accumulate",
    "training.max_steps",
    "training.log_every",
    "training.validate_every",
    "training.patience",
    "training.keep_states",
    "training.max_bad_steps",
    "training.workers",
)


def begin_run(checkpoints: Checkpoints, recipe_json: str, world: World) -> None:
    """Make the folder, or make sure that what has begun in it is the same recipe.

    Raises:
        RecipeError: another recipe has begun there; says which keys differ.
        OutputError: it cannot be written.
    """
    run = checkpoints.run
    path = run / RECIPE
    before = _read(path) if checkpoints.steps() else None
    if before is not None:
        changed = [
            f"{key} {was!r} → {now!r}"
            for key, was, now in differences(before, json.loads(recipe_json))
            if not key.startswith(FREE)
        ]
        if changed:
            raise RecipeError(
                f"{run} holds a run of another recipe ({'; '.join(changed[:5])}): go on with the "
                f"old values, or choose a new folder with -o (and --init "
                f"{run / 'last.safetensors'} to start from its weights)"
            )
    if world.writes:
        write_whole(path, recipe_json.encode())
        checkpoints.clear_leftovers()


def differences(before: Any, now: Any, key: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(key, before, now) of everything that differs between two trees.

    >>> list(differences({"a": {"b": 1}, "c": 2}, {"a": {"b": 3}, "c": 2}))
    [('a.b', 1, 3)]
    """
    if isinstance(before, dict) and isinstance(now, dict):
        for name in sorted({*before, *now}):
            inner = f"{key}.{name}" if key else name
            yield from differences(before.get(name), now.get(name), inner)
    elif before != now:
        yield key, before, now


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise OutputError(f"{path}: cannot be read ({error}); choose a new folder") from error
