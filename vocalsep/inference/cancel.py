"""A flag that one thread raises to stop the work of others at their next safe point."""

from __future__ import annotations

import threading

from vocalsep.errors import Cancelled


class CancelToken:
    """Hand the same token to `separate_file(cancel=…)` and to whatever may stop it.

    >>> token = CancelToken()
    >>> token.cancel()
    >>> token.is_cancelled
    True
    """

    def __init__(self) -> None:
        self._event = threading.Event()

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody has asked to stop."""
        return self._event.is_set()

    def cancel(self) -> None:
        """Ask to stop; may be called from any thread and from signal handlers, again and again."""
        self._event.set()

    def check(self) -> None:
        """Do nothing, or stop here.

        Raises:
            Cancelled: `cancel` was called.
        """
        if self._event.is_set():
            raise Cancelled("stopped on request; nothing half-written is left")
