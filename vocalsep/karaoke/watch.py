"""`vocalsep watch`: separate songs as they appear in a folder, for as long as it runs.

A new file is taken when its size and time have not changed for a while: it has been copied
completely. What became of each is written into the folder, so a restart goes on where the last
run ended. A song that fails is tried again a few times, then left alone until it changes.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from vocalsep.atomic import replacing
from vocalsep.audio._output_file import output_error
from vocalsep.errors import Cancelled, PlanError, VocalsepError
from vocalsep.inference.cancel import CancelToken
from vocalsep.inference.report import Reporter
from vocalsep.inference.separator import Separator
from vocalsep.inference.session import Work
from vocalsep.karaoke.folder_lock import lock_folder
from vocalsep.karaoke.layouts import Layout

STATE_NAME = ".vocalsep-watch.json"

#: A failed song is tried again after so many seconds, each time longer; then it is quarantined.
RETRY_AFTER_S = (10.0, 60.0, 300.0)


@dataclass(frozen=True)
class Seen:
    """A file as it was found: changed files are new files."""

    size: int
    mtime_ns: int


@dataclass
class Fate:
    """What became of a file.

    Attributes:
        seen: the file that was tried.
        n_failures: 0 when it is done.
        reason: of the last failure.
        retry_at: not before this time (Unix time, s); 0 when it is not tried again.
    """

    seen: Seen
    n_failures: int = 0
    reason: str = ""
    retry_at: float = 0.0


class Watch:
    """One folder.

    Args:
        folder: where songs appear.
        layout: what is a song, and what becomes of it.
        separator: finds the voice.
        settle_s: a file must not have changed for so long.

    Raises:
        PlanError: another watch has the folder, or it cannot be written.
    """

    def __init__(
        self, folder: Path, layout: Layout, separator: Separator, settle_s: float = 3.0
    ) -> None:
        if not folder.is_dir():
            raise PlanError(f"{folder}: not a folder")
        self._folder = folder
        self._layout = layout
        self._separator = separator
        self._settle_s = settle_s
        self._lock = lock_folder(folder)
        self._fates = _read_fates(folder / STATE_NAME)
        self._waiting: dict[Path, tuple[Seen, float]] = {}  # and since when it is as it is

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._lock)

    def run(self, reporter: Reporter, cancel: CancelToken, every_s: float, once: bool) -> None:
        """Look, work, wait, until the token is set.

        Args:
            reporter: hears of every song.
            cancel: stops it.
            every_s: how often to look.
            once: stop as soon as nothing is left to do or to wait for.
        """
        while not cancel.is_cancelled:
            ready = self.ready(time.time())
            if ready:  # one song; what comes meanwhile may have to go before the others
                self._work(self._layout.first(ready), reporter, cancel)
            if once and not ready and not self._waiting:
                return
            if not ready:
                _sleep(every_s, cancel)

    def ready(self, now: float) -> list[Path]:
        """Songs to work on now, in the order of their names.

        Args:
            now: Unix time (s).
        """
        found = {}
        for path in self._layout.songs(self._folder):
            with suppress(OSError):  # it is gone again
                found[path] = self._look(path)
        self._waiting = {path: each for path, each in self._waiting.items() if path in found}
        return [path for path, seen in sorted(found.items()) if self._is_ready(path, seen, now)]

    def _look(self, path: Path) -> Seen:
        states = [part.stat() for part in self._layout.parts(path)]
        return Seen(
            sum(state.st_size for state in states), max(state.st_mtime_ns for state in states)
        )

    def _is_ready(self, path: Path, seen: Seen, now: float) -> bool:
        fate = self._fates.get(self._name(path))
        if fate is not None and fate.seen == seen and not 0 < fate.retry_at <= now:
            return False
        if not seen.size:
            return False  # a place is kept for what will come
        before, since = self._waiting.get(path, (seen, now))
        since = now if before != seen else since
        self._waiting[path] = (seen, since)
        return now - since >= self._settle_s

    def _work(self, path: Path, reporter: Reporter, cancel: CancelToken) -> None:
        name = self._name(path)
        fate = self._fates.get(name)
        self._waiting.pop(path, None)
        try:
            seen = self._look(path)
            cancel.check()
            self._make(self._layout.work(path, self._separator), reporter, cancel)
            self._fates[name] = Fate(self._look(path))  # UltraStar texts have changed by now
        except Cancelled:
            return  # the next run looks at it again
        except FileNotFoundError:
            return  # somebody took it away
        except Exception as error:  # one song must not end the watch
            reporter.failed(str(path), _in_one_line(path, error))
            n_failures = fate.n_failures if fate and fate.seen == seen else 0
            self._fates[name] = _failed(seen, n_failures + 1, str(error), reporter)
        _write_fates(self._folder / STATE_NAME, self._fates)

    def _make(self, work: Work, reporter: Reporter, cancel: CancelToken) -> None:
        if work.is_up_to_date():
            reporter.skipped(work.job)
            return
        reporter.planned(work.job)
        reporter.started(work.job, 1, 1)
        result = work.run(reporter.progress, cancel)
        for text in result.warnings:
            reporter.warning(result.source, text)
        reporter.done(result)

    def _name(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()


def _in_one_line(path: Path, error: Exception) -> VocalsepError:
    if isinstance(error, VocalsepError):
        return error
    return VocalsepError(f"{path}: {type(error).__name__}: {' '.join(str(error).split())}")


def _failed(seen: Seen, n_failures: int, reason: str, reporter: Reporter) -> Fate:
    if n_failures > len(RETRY_AFTER_S):
        reporter.warning("", f"gave up after {n_failures} attempts; change the file to try again")
        return Fate(seen, n_failures, reason)
    return Fate(seen, n_failures, reason, time.time() + RETRY_AFTER_S[n_failures - 1])


def _sleep(seconds: float, cancel: CancelToken) -> None:
    end = time.monotonic() + seconds
    while not cancel.is_cancelled and (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 0.1))


def _read_fates(path: Path) -> dict[str, Fate]:
    """What earlier runs have done; nothing, if the file is missing or damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))["songs"]
        return {
            name: Fate(Seen(**fate["seen"]), fate["n_failures"], fate["reason"], fate["retry_at"])
            for name, fate in content.items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _write_fates(path: Path, fates: dict[str, Fate]) -> None:
    content = {"songs": {name: asdict(fate) for name, fate in sorted(fates.items())}}
    try:
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")
    except OSError as error:
        raise output_error(path, error) from error
