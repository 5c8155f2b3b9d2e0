"""Decode a list of stems into a bank: in parallel, resumable, keyed by content.

The list is a tab-separated file with the header

    target  group  song  path  band_hz  licence

`path` is relative to the data root. It names a file, a folder (its audio files are joined in
order of name into one track) or several files that are summed ("drums.ogg + song.ogg").
`band_hz` is 0 for full-band sources.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vocalsep.audio.read import open_audio
from vocalsep.audio.resample import resample_blocks
from vocalsep.data.bank import FULL_SCALE, Track, write_index
from vocalsep.errors import DataError, OutputError, UnreadableAudio

COLUMNS = ["target", "group", "song", "path", "band_hz", "licence"]
AUDIO_SUFFIXES = {".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".aif", ".aiff", ".mp4"}


@dataclass(frozen=True)
class Row:
    """One line of the list."""

    target: str
    group: str
    song: str
    path: str
    band_hz: float
    licence: str


def read_list(path: Path) -> list[Row]:
    """The rows of a list file.

    Raises:
        DataError: unreadable, wrong header, no rows, or a band that is no number.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t")
            if reader.fieldnames != COLUMNS:
                raise DataError(
                    f"{path}: header is {reader.fieldnames}, expected {COLUMNS} (tab-separated)"
                )
            rows = [_row(line) for line in reader]
    except (OSError, UnicodeDecodeError, ValueError, TypeError) as error:
        raise DataError(f"{path}: cannot be read as a list of stems: {error}") from error
    if not rows:
        raise DataError(f"{path}: lists no stems; name at least one")
    return rows


def _row(line: dict[str, str]) -> Row:
    return Row(
        line["target"],
        line["group"],
        line["song"],
        line["path"],
        float(line["band_hz"]),
        line["licence"],
    )


@dataclass(frozen=True)
class _Job:
    row: Row
    root: Path
    bank: Path
    sample_rate: int


def pack(
    list_file: Path,
    root: Path,
    bank: Path,
    sample_rate: int,
    workers: int,
    report: Callable[[str], None],
) -> list[Track]:
    """Decode every stem of the list and write the index.

    Args:
        report: called with one line for every stem that was decoded or refused.

    Raises:
        DataError: the list cannot be read, or nothing could be decoded.
        OutputError: the bank cannot be written; what is complete in it is kept.
    """
    jobs = [_Job(row, root, bank, sample_rate) for row in read_list(list_file)]
    try:
        bank.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{bank}: cannot be made: {error.strerror}") from error
    tracks: list[Track] = []
    with ProcessPoolExecutor(workers) as pool:
        for job, outcome in zip(jobs, pool.map(_pack_one, jobs), strict=True):
            if isinstance(outcome, Track):
                tracks.append(outcome)
                report(f"{job.row.path}: {outcome.n_samples / sample_rate:.1f} s")
            else:
                report(f"left out: {outcome}")
    if not tracks:
        raise DataError(f"{list_file}: no stem below {root} could be decoded; check the root")
    write_index(bank, sample_rate, tracks)
    return tracks


def _pack_one(job: _Job) -> Track | str:
    """The packed track, or why it was left out; a bank that cannot be written stops the work."""
    try:
        summands = [_files_of(job.root / part.strip()) for part in job.row.path.split(" + ")]
        key = _content_key(summands, job.sample_rate)
        target = job.bank / f"{key}.i16"
        meta = target.with_suffix(".shape")
        if not (target.exists() and meta.exists()):
            write_track(target, meta, *_decode(summands, job.sample_rate))
        n_channels, band_hz = (float(x) for x in meta.read_text().split())
    except (UnreadableAudio, DataError) as error:
        return str(error)
    except OSError as error:
        return f"{job.row.path}: {error}"
    n_samples = target.stat().st_size // (2 * int(n_channels))
    band = min(job.row.band_hz or band_hz, band_hz)
    row = job.row
    return Track(
        key,
        row.target,
        row.group,
        row.song,
        row.path,
        row.licence,
        band,
        int(n_channels),
        n_samples,
    )


def _files_of(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.suffix.lower() in AUDIO_SUFFIXES)
        if files:
            return files
    raise DataError(f"{path}: no such file and no folder with audio in it")


def _content_key(summands: list[list[Path]], sample_rate: int) -> str:
    """Of the bytes, the rate and how files are joined and summed."""
    digest = hashlib.sha256(str(sample_rate).encode())
    for files in summands:
        digest.update(f"+{len(files)}".encode())
        for file in files:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:24]


def _decode(summands: list[list[Path]], sample_rate: int) -> tuple[npt.NDArray[np.float32], float]:
    """(1 or 2, N) within ±1, and the highest frequency it can hold."""
    signals, bands = [], []
    for files in summands:
        parts = [_load(file, sample_rate) for file in files]
        bands += [band for _, band in parts]
        n_channels = max(audio.shape[0] for audio, _ in parts)
        signals.append(np.concatenate([_to_channels(a, n_channels) for a, _ in parts], axis=1))
    n_channels = max(signal.shape[0] for signal in signals)
    length = max(signal.shape[1] for signal in signals)
    total = np.zeros((n_channels, length), np.float32)
    for signal in signals:
        total[:, : signal.shape[1]] += _to_channels(signal, n_channels)
    # A sum that would clip is scaled: levels are drawn anew for every example anyway.
    total /= max(1.0, float(np.abs(total).max(initial=0.0)))
    return total, max(bands)


def write_track(target: Path, meta: Path, audio: npt.NDArray[np.float32], band_hz: float) -> None:
    """Write one track; the shape file comes last and marks it complete.

    Files appear whole: two lines of a list may name one source, and its track is written by two
    processes at once.
    """
    samples = np.round(audio.T * FULL_SCALE).astype("<i2")
    shape = f"{audio.shape[0]} {band_hz}"
    for path, data in ((target, samples.tobytes()), (meta, shape.encode())):
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            temporary.write_bytes(data)
            temporary.replace(path)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


def _load(file: Path, sample_rate: int) -> tuple[npt.NDArray[np.float32], float]:
    """(1 or 2, N) float32 at `sample_rate`, and the highest frequency its rate can hold."""
    with open_audio(file) as reader:
        source_rate = reader.info.sample_rate
        blocks: Iterator[npt.NDArray[np.float32]] = (
            block[:2].astype(np.float32) for block in reader.blocks()
        )
        audio = np.concatenate(list(resample_blocks(blocks, source_rate, sample_rate)), axis=1)
    return audio, min(source_rate, sample_rate) / 2


def _to_channels(audio: npt.NDArray[np.float32], n_channels: int) -> npt.NDArray[np.float32]:
    return np.broadcast_to(audio, (n_channels, audio.shape[1])) if len(audio) == 1 else audio
