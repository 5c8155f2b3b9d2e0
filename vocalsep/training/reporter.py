"""What a person sees of a run."""

from __future__ import annotations

from typing import Protocol


class Reporter(Protocol):
    """Receives lines of text and the progress."""

    def line(self, text: str) -> None:
        """One line now and then."""

    def progress(self, step: int, max_steps: int) -> None:
        """After every step."""
