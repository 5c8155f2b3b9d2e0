"""One watch a folder."""

from __future__ import annotations

import os
from pathlib import Path

from vocalsep.errors import PlanError

LOCK_NAME = ".vocalsep-watch.lock"


def lock_folder(folder: Path) -> int:
    """An open descriptor that only one process can have; the system frees it when that ends.

    Raises:
        PlanError: another process has it, or the folder cannot be written.
    """
    try:
        descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise PlanError(f"{folder}: cannot write there ({error.strerror})") from error
    try:
        _try_lock(descriptor)
    except OSError:
        os.close(descriptor)
        raise PlanError(f"{folder}: another vocalsep watches this folder") from None
    return descriptor


def _try_lock(descriptor: int) -> None:
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
