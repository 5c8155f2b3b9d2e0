"""Binary output: failures kept for later, and told in one line."""

from __future__ import annotations

import errno
import io
import os
import shutil
from pathlib import Path

from vocalsep.errors import OutputError

_REMEDIES = {
    errno.ENOSPC: "free some space or choose another folder",
    errno.EFBIG: "choose a file system or format for larger files",
    errno.ENOENT: "make its folder first",
    errno.EACCES: "choose a folder you may write to",
    errno.EPERM: "choose a folder you may write to",
    errno.EROFS: "choose a folder you may write to",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EISDIR: "choose another name",
    errno.EPIPE: "the program that reads the pipe has ended",
}


def output_error(target: Path | str, error: OSError) -> OutputError:
    """The one-line error for a failed write to `target`."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    remedy = _REMEDIES.get(error.errno or 0, "check the disk or choose another folder")
    return OutputError(f"cannot write {target}: {reason}; {remedy}")


def check_space(path: Path, n_bytes: int) -> None:
    """Refuse a file that its disk cannot hold, before hours of work.

    Raises:
        OutputError: fewer than `n_bytes` are free, or the folder is missing.
    """
    try:
        free = shutil.disk_usage(path.parent).free
    except OSError as error:
        raise output_error(path, error) from error
    if free < n_bytes:
        raise OutputError(
            f"cannot write {path}: it needs {n_bytes / 1e6:.1f} MB and {free / 1e6:.1f} MB are "
            f"free; free some space or choose another folder"
        )


class StickyFile(io.RawIOBase):
    """A new file whose writing never raises: the first error waits in `check`.

    C libraries call back into it, and an exception cannot pass through their stack.
    """

    def __init__(self, path: Path) -> None:
        """Create the file; raises OSError (also if it exists)."""
        super().__init__()
        self._file = io.BufferedWriter(io.FileIO(path, "x"), 1 << 18)
        self.error: OSError | None = None  # the first one

    def check(self) -> None:
        """Raise `error`, if there is one."""
        if self.error:
            raise self.error

    def write(self, data: bytes | memoryview) -> int:  # type: ignore[override]
        """Write all of `data`, or remember why not."""
        if self.error is None and not self.closed:  # a library may flush an aborted file
            try:
                self._file.write(data)
            except OSError as error:
                self.error = error
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move; 0 once something has failed or the file is closed."""
        if self.error is None and not self.closed:
            try:
                return self._file.seek(offset, whence)
            except OSError as error:
                self.error = error
        return 0

    def tell(self) -> int:
        """Position in bytes; 0 once something has failed or the file is closed."""
        return 0 if self.error or self.closed else self._file.tell()

    def writable(self) -> bool:
        """Always, for callers that ask."""
        return True

    def seekable(self) -> bool:
        """Always, for callers that ask."""
        return True

    def close(self) -> None:
        """Flush and close; raises OSError if the last bytes did not fit."""
        try:
            self._file.close()
        finally:
            super().close()
