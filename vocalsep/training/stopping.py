"""Stop after the current step when the system or the user says so."""

from __future__ import annotations

import signal
from types import FrameType


class Stopping:
    """While it is entered, SIGTERM and Ctrl-C only raise a flag.

    Preemptible machines send SIGTERM some time before they take the machine away: enough to
    finish a step and write a checkpoint.
    """

    SIGNALS = (signal.SIGTERM, signal.SIGINT)

    def __init__(self) -> None:
        self.asked = False

    def __enter__(self) -> Stopping:
        self._previous = {each: signal.signal(each, self._note) for each in self.SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for each, handler in self._previous.items():
            signal.signal(each, handler)

    def _note(self, signum: int, frame: FrameType | None) -> None:
        self.asked = True
