"""Where the files of a list lie: repositories of git, and unpacked Debian packages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cached_property
from pathlib import Path
from typing import Protocol

from vocalsep.errors import DataError, OutputError

DEBIAN = "Debian "  # before the name of a package
POINTER = b"version https://git-lfs"  # what stands for a file that Git LFS keeps elsewhere


class Repository(Protocol):
    """Files to take."""

    @property
    def files(self) -> list[str]:
        """Their paths, sorted."""

    def read(self, path: str) -> bytes:
        """What is in one.

        Raises:
            DataError: it is not there.
        """


class Clone:
    """The newest state of a branch of a bare clone; the usual one by default."""

    def __init__(self, folder: Path, branch: str = "") -> None:
        self.folder = folder
        self.revision = f"refs/heads/{branch}" if branch else "HEAD"

    @cached_property
    def files(self) -> list[str]:
        listed = self._git("ls-tree", "-r", "-z", "--name-only", self.revision)
        return sorted(path for path in listed.decode("utf-8", "replace").split("\0") if path)

    def read(self, path: str) -> bytes:
        data = self._git("cat-file", "blob", f"{self.revision}:{path}")
        if data.startswith(POINTER):
            raise DataError(f"{path} of {self.folder} is kept elsewhere by Git LFS; fetch it there")
        return data

    def _git(self, *words: str) -> bytes:
        return _git(["--git-dir", str(self.folder), *words])


class Unpacked:
    """A folder, as `dpkg -x` leaves a package."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def files(self) -> list[str]:
        found = (file for file in self.folder.rglob("*") if file.is_file())
        return sorted(file.relative_to(self.folder).as_posix() for file in found)

    def read(self, path: str) -> bytes:
        try:
            return (self.folder / path).read_bytes()
        except OSError as error:
            raise DataError(f"{self.folder / path}: cannot be read: {error.strerror}") from error


def open_repository(name: str, root: Path, clones: Path) -> Repository:
    """Open a repository, cloned first if it is not there.

    Args:
        name: "owner/name" on GitHub or the address of another one, with "@branch" if it is not
            the usual one; or "Debian package".
        root: unpacked packages are in root/debian/package.
        clones: where clones are and are kept, as owner/name.git or owner/name@branch.git.

    Raises:
        DataError: there is no such repository, git is missing, or the package is not unpacked.
        OutputError: the clone cannot be kept.
    """
    if name.startswith(DEBIAN):
        folder = root / "debian" / name.removeprefix(DEBIAN)
        if not folder.is_dir():
            raise DataError(f"{folder} is not there: unpack the package with `dpkg -x`")
        return Unpacked(folder)
    owner, _, last = name.rpartition("/")
    last, at, branch = last.partition("@")
    address = f"{owner if '://' in owner else f'https://github.com/{owner}'}/{last}"
    folder = clones / Path(owner).name / f"{last.removesuffix('.git')}{at}{branch}.git"
    if not folder.exists():
        _clone(address, branch, folder)
    return Clone(folder, branch)


def _clone(address: str, branch: str, folder: Path) -> None:
    of_branch = ["--branch", branch] if branch else []
    unfinished = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        quick = ["--quiet", "--bare", "--depth", "1"]
        _git(["clone", *quick, *of_branch, address, str(unfinished)])
        unfinished.rename(folder)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be kept: {error.strerror}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _git(words: list[str]) -> bytes:
    # An address that does not exist is asked a password for.
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(["git", *words], capture_output=True, check=False, env=environment)
    except FileNotFoundError as error:
        raise DataError("the program git is not installed; it brings the repositories") from error
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no message"]
        raise DataError(f"git {words[-1]}: {said[-1]}")
    return done.stdout


def matching(pattern: str, files: list[str]) -> list[str]:
    """The paths that a pattern means: itself, or by "*" within a folder and "**/" of any depth."""
    if pattern in files:
        return [pattern]
    words = re.split(r"(\*\*/|\*)", pattern)
    means = {"**/": "(?:.*/)?", "*": "[^/]*"}
    expression = re.compile("".join(means.get(word) or re.escape(word) for word in words))
    return [path for path in files if expression.fullmatch(path)]
