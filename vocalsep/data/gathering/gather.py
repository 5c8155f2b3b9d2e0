"""Make the files of a list: copied, joined or summed from those of repositories.

A list is tab-separated, with a header and the columns

    path        of the file that is made, below the root
    repository  see `open_repository`
    source      patterns of paths in the repository, with " | " between them
    how         copied | joined | summed
    seconds     (may be left out) at most so much of what is joined, drawn from all of it
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from vocalsep.atomic import write_whole
from vocalsep.audio.read import probe
from vocalsep.data.flac import PEAK, levelled, write_flac
from vocalsep.data.gathering.repository import Repository, matching, open_repository
from vocalsep.data.sources import AudioFile, load_file, summed
from vocalsep.errors import DataError, VocalsepError

Sound = npt.NDArray[np.float32]

COLUMNS = ("path", "repository", "source", "how")
SUM_RATE = 44100  # Hz
FRAME_S, KEPT_S, GAP_S = 0.01, 0.2, 0.2  # of silence: judged at a time, left beside sound, between
SILENT_DB, SILENT = -45.0, 1e-3  # below the loudest frame; of full scale


@dataclass(frozen=True)
class Row:
    """One file to make."""

    path: str
    repository: str
    patterns: tuple[str, ...]
    how: str
    seconds: float


@dataclass(frozen=True)
class Made:
    """What became of a row.

    Attributes:
        path: of the row.
        error: why there is no file.
        note: what the file lacks.
    """

    path: str
    error: str = ""
    note: str = ""


def read_rows(path: Path) -> list[Row]:
    """The rows of a list.

    Raises:
        DataError: it cannot be read, lacks a column, or a row says what is impossible.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            lacking = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if lacking:
                raise DataError(f"{path}: its header lacks {lacking[0]!r}; it needs {COLUMNS}")
            return [_row(row, f"{path}, line {reader.line_num}") for row in reader]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as a list of files: {error}") from error


def _row(row: dict[str, str | None], where: str) -> Row:
    path, repository, source, how = (row[name] or "" for name in COLUMNS)
    pure = PurePosixPath(path)
    if not path or pure.is_absolute() or ".." in pure.parts:
        raise DataError(f"{where}: path is {path!r}, expected one below the root")
    if how not in HOW:
        raise DataError(f"{where}: how is {how!r}, expected {', '.join(HOW)}")
    try:
        seconds = float(row.get("seconds") or "inf")
    except ValueError:
        raise DataError(f"{where}: seconds is {row['seconds']!r}, expected a number") from None
    return Row(path, repository, tuple(source.split(" | ")), how, seconds)


def gather(rows: Sequence[Row], root: Path, clones: Path) -> Iterator[Made]:
    """Make what is not there yet.

    Args:
        root: paths start there.
        clones: see `open_repository`.

    Yields:
        Each file when it is complete, or why it is not; what fails does not stop the others.
    """
    opened: dict[str, Repository | VocalsepError] = {}
    for row in rows:
        if (root / row.path).exists():
            yield Made(row.path)
            continue
        if row.repository not in opened:
            opened[row.repository] = _opened(row.repository, root, clones)
        repository = opened[row.repository]
        if isinstance(repository, VocalsepError):
            yield Made(row.path, str(repository))
            continue
        try:
            yield Made(row.path, note=HOW[row.how](row, repository, root / row.path))
        except VocalsepError as error:
            yield Made(row.path, str(error))


def _opened(name: str, root: Path, clones: Path) -> Repository | VocalsepError:
    try:
        return open_repository(name, root, clones)
    except VocalsepError as error:
        return error


def _names(row: Row, repository: Repository) -> list[str]:
    found = []
    for pattern in row.patterns:
        names = matching(pattern, repository.files)
        if not names:
            raise DataError(f"{row.repository} has no file {pattern!r}")
        found += names
    return found


def _copy(row: Row, repository: Repository, target: Path) -> str:
    names = _names(row, repository)
    if len(names) > 1:
        raise DataError(f"{row.repository} has {len(names)} files for it; one can be copied")
    write_whole(target, repository.read(names[0]))
    return ""


def _sum(row: Row, repository: Repository, target: Path) -> str:
    """Stems of one length, as loud as they are unless the sum would clip."""
    names = _names(row, repository)
    parts = [_decoded(repository.read(name), name, SUM_RATE)[0] for name in names]
    total = summed(parts)
    loudest = float(np.abs(total).max(initial=0.0))
    write_flac(target, total if loudest <= 1 else total * (PEAK / loudest), SUM_RATE)
    return ""


def _join(row: Row, repository: Repository, target: Path) -> str:
    """Mono, without long silences, each recording once, at the rate of the first.

    A bank of a thousand samples may have a damaged one: what cannot be read is left out.
    """
    names = _names(row, repository)
    if row.seconds < np.inf:  # a part of a large bank should have something of everything
        seed = hashlib.sha256(row.path.encode()).digest()[:4]
        np.random.default_rng(list(seed)).shuffle(names)
    parts: list[Sound] = []
    seen: set[bytes] = set()
    errors: list[VocalsepError] = []
    rate, n_samples = 0, 0
    for name in names:
        try:
            data = repository.read(name)
            digest = hashlib.sha256(data).digest()
            if digest in seen:
                continue
            seen.add(digest)
            sound, rate = _decoded(data, name, rate)
        except VocalsepError as error:
            errors.append(error)
            continue
        voiced = without_silences(sound.mean(0, dtype=np.float32), rate)
        parts += [voiced, np.zeros(round(GAP_S * rate), np.float32)]
        n_samples += sum(map(len, parts[-2:]))
        if n_samples >= row.seconds * rate:
            break
    if not parts:
        raise errors[0]
    joined = np.concatenate(parts)
    end = len(joined) if row.seconds == np.inf else round(row.seconds * rate)
    write_flac(target, levelled(joined[:end]), rate)
    return f"without {len(errors)} of {len(names)} files, {errors[0]}" if errors else ""


HOW: dict[str, Callable[[Row, Repository, Path], str]] = {
    "copied": _copy,
    "joined": _join,
    "summed": _sum,
}


def _decoded(data: bytes, name: str, rate: int) -> tuple[Sound, int]:
    """(C, N) at a rate, that of the file if it is 0; and the rate."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / PurePosixPath(name).name
        path.write_bytes(data)
        rate = rate or probe(path).sample_rate
        return load_file(AudioFile(path), rate).samples, rate


def without_silences(sound: Sound, rate: int) -> Sound:
    """(N,) without what is further than 0.2 s from any frame that sounds."""
    size = max(1, round(FRAME_S * rate))
    frames = sound[: len(sound) // size * size].reshape(-1, size)
    if not len(frames):
        return sound[:0]
    levels = np.sqrt(np.square(frames, dtype=np.float64).mean(1))
    sounding = levels > max(SILENT, levels.max() * 10 ** (SILENT_DB / 20))
    around = np.ones(2 * round(KEPT_S / FRAME_S) + 1)
    kept = np.convolve(sounding, around)[len(around) // 2 :][: len(frames)] > 0
    found: Sound = frames[kept].reshape(-1)
    return found
