"""Hidden names for what is being made, and the end of what was left by makers that are gone.

    .vocalsep-<token>.wav     a stem that is not complete yet
    .vocalsep-<token>.lock    held by its maker; the system lets go of it when the process ends,
                              however it ends

A later run that writes to the same folder removes what belongs to locks that nobody holds. Where
a file system cannot lock, nothing is removed.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl

#: Start of the names of unfinished files.
TEMPORARY_PREFIX = ".vocalsep-"

_LOCK = ".lock"


class UnfinishedName:
    """A hidden name in a folder that nobody else uses and nobody removes until `close`.

    Args:
        folder: where the finished files will lie: only there a rename is one step.

    Raises:
        OSError: no file can be made there.
    """

    def __init__(self, folder: Path) -> None:
        self._given: list[Path] = []
        while True:
            # Short and random: the final name may be as long as the file system allows.
            self._name = f"{TEMPORARY_PREFIX}{secrets.token_hex(6)}"
            self._lock = folder / f"{self._name}{_LOCK}"
            self._descriptor = os.open(self._lock, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
            if _hold(self._descriptor) and self._lock.exists():
                break
            # Newborn, and somebody was faster: it is removed as a leftover.
            os.close(self._descriptor)

    def path(self, suffix: str) -> Path:
        """The name with a suffix; what is still there under it at `close` is removed."""
        path = self._lock.with_name(self._name + suffix)
        self._given.append(path)
        return path

    def close(self) -> None:
        """Remove what has not got its final name; harmless when repeated."""
        for path in self._given:
            _remove(path)
        if self._descriptor >= 0:
            os.close(self._descriptor)  # first: Windows removes no open file
            self._descriptor = -1
            _remove(self._lock)


def remove_leftovers(folder: Path) -> None:
    """Remove what makers left in `folder` that have ended without a `close`."""
    with suppress(OSError):
        for lock in list(folder.glob(f"{TEMPORARY_PREFIX}*{_LOCK}")):
            with suppress(OSError), _taken_over(lock):
                for path in folder.glob(f"{lock.stem}*"):
                    if path != lock:
                        _remove(path)
                _remove(lock)


def _hold(descriptor: int) -> bool:
    """Lock an open file for as long as it is open; false if another process was faster."""
    if sys.platform == "win32":
        return True  # nobody can remove or rename a file that is open: that is the lock
    else:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            pass  # no locks on this file system: nobody can take this for a leftover
        return True


@contextmanager
def _taken_over(lock: Path) -> Iterator[None]:
    """Hold the lock of a maker that is gone.

    Raises:
        OSError: it is not gone, or nobody can know.
    """
    if sys.platform == "win32":
        os.replace(lock, lock)  # refused while it is open
        yield
    else:
        descriptor = os.open(lock, os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        finally:
            os.close(descriptor)


def _remove(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
