"""Files that appear whole or not at all: written under a temporary name, then renamed.

Sound files that take minutes have their own way, which also cleans up after killed programs:
`vocalsep/audio/unfinished.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vocalsep.errors import OutputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name beside `path`, which takes its place when the block ends well.

    Otherwise nothing is left of it, and what stood at `path` stays. The name is this process's
    own: two that write the same file do not write into each other's.

    Raises:
        OSError: as the block or the renaming raises it.
    """
    temporary = path.with_name(f".vocalsep-{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, and the folders above it.

    Raises:
        OutputError: it cannot be written; what was there before is kept.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_bytes(data)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
