"""The files of a run folder: the last states, of which the newest is gone on from.

    states/step-00000250.safetensors    everything needed to go on exactly where it stopped

A state appears under its name when it is whole, and an older one goes only after that.
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from vocalsep.training.state import read_state, write_state

_NAME = re.compile(r"step-(\d+)\.safetensors")


class Checkpoints:
    """The states of a run.

    Args:
        run: folder of the run.
        keep: how many of the newest states stay.
    """

    def __init__(self, run: Path, keep: int) -> None:
        self.run = run
        self.folder = run / "states"
        self.keep = keep

    def steps(self) -> list[int]:
        """The steps of which there is a state, in order."""
        if not self.folder.is_dir():
            return []
        matches = (_NAME.fullmatch(path.name) for path in self.folder.iterdir())
        return sorted(int(match[1]) for match in matches if match)

    def path(self, step: int) -> Path:
        """The file of the state after `step` steps."""
        return self.folder / f"step-{step:08d}.safetensors"

    def write(self, step: int, tree: dict[str, Any]) -> None:
        """Write the state, then let the oldest go.

        Raises:
            OutputError: it cannot be written; the states before it are kept.
        """
        write_state(self.path(step), tree)
        for old in self.steps()[: -self.keep]:
            with suppress(OSError):
                self.path(old).unlink()

    def newest(self) -> dict[str, Any] | None:
        """The newest state; None if there is none.

        Raises:
            ModelError: it is damaged.
        """
        steps = self.steps()
        return read_state(self.path(steps[-1])) if steps else None

    def clear_leftovers(self) -> None:
        """Remove what a process that was killed while writing has left under temporary names."""
        for folder in (self.run, self.folder):
            for path in folder.glob(".vocalsep-*.tmp"):
                with suppress(OSError):
                    path.unlink()
