"""Evaluate methods on tracks: one track in memory at a time, resumable, in several processes.

    tracks ──→ worker: load a track → each method's estimate → all metrics → one JSON a method
                        └ what has a result with the same fingerprint is not done again

A track that cannot be scored is reported and does not stop the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import torch

from vocalsep.errors import VocalsepError
from vocalsep.evaluation.measure import GROUPS, Measure
from vocalsep.evaluation.methods import Method
from vocalsep.evaluation.records import Record, fingerprint, finished, write_record
from vocalsep.evaluation.songs import Song
from vocalsep.evaluation.tracks import Track


@dataclass(frozen=True)
class Settings:
    """What is measured.

    Attributes:
        stems: scored stems, in order; the last may be the sum of what is left.
        groups: of measure.GROUPS.
        output: folder of the result files.
    """

    stems: tuple[str, ...]
    output: Path
    groups: tuple[str, ...] = GROUPS


@dataclass(frozen=True)
class Outcome:
    """What became of one track: results, those that were there already, and failures."""

    track: str
    records: tuple[Record, ...] = ()
    n_kept: int = 0
    failures: tuple[str, ...] = ()


def evaluate(
    tracks: Sequence[Track],
    methods: Sequence[Method],
    settings: Settings,
    workers: int = 1,
    report: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Score every method on every track.

    Args:
        workers: processes; more than one gives each a single thread.
        report: called with every track as it is done.

    Returns:
        One outcome a track, in the order of `tracks`.
    """
    done: dict[str, Outcome] = {}
    for outcome in _outcomes(tracks, methods, settings, min(workers, len(tracks))):
        done[outcome.track] = outcome
        report(outcome)
    return [done[track.name] for track in tracks]


def _outcomes(
    tracks: Sequence[Track], methods: Sequence[Method], settings: Settings, workers: int
) -> Iterator[Outcome]:
    if workers <= 1:
        yield from (evaluate_track(track, methods, settings) for track in tracks)
        return
    # A forked process would inherit the threads of torch in an unknown state.
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, context, torch.set_num_threads, (1,)) as pool:
        waiting: list[Future[Outcome]] = [
            pool.submit(evaluate_track, track, methods, settings) for track in tracks
        ]
        for future in as_completed(waiting):
            yield future.result()


def evaluate_track(track: Track, methods: Sequence[Method], settings: Settings) -> Outcome:
    """Score methods on one track; what fails is told in the outcome."""
    records: dict[str, Record] = {}
    failures: list[str] = []
    pending: list[tuple[Method, str]] = []
    for method in methods:
        try:
            wanted = _fingerprint(track, method, settings)
        except VocalsepError as error:
            failures.append(f"{method.name}, {error}")
            continue
        kept = finished(settings.output, method.name, track.name, wanted)
        if kept is None:
            pending.append((method, wanted))
        else:
            records[method.name] = kept
    n_kept = len(records)
    if pending:
        try:
            found, broken = _score(track, pending, settings)
        except VocalsepError as error:
            found, broken = [], [str(error)]
        records |= {record.method: record for record in found}
        failures += broken
    ordered = tuple(records[method.name] for method in methods if method.name in records)
    return Outcome(track.name, ordered, n_kept, tuple(failures))


def _fingerprint(track: Track, method: Method, settings: Settings) -> str:
    facts = {
        "track": track.fingerprint(),
        "method": type(method).__name__,
        "settings": method.settings(track.name),
        "stems": settings.stems,
        "groups": sorted(settings.groups),
    }
    return fingerprint(facts)


def _score(
    track: Track, pending: list[tuple[Method, str]], settings: Settings
) -> tuple[list[Record], list[str]]:
    loaded = track.load(settings.stems)
    song = loaded.song
    measure = Measure(song, settings.groups)
    records, failures = [], []
    for method, wanted in pending:
        try:
            record = _record(method, wanted, song, measure, loaded.notes)
            write_record(settings.output, record)
            records.append(record)
        except VocalsepError as error:
            failures.append(f"{method.name}, {error}")
    return records, failures


def _record(
    method: Method, wanted: str, song: Song, measure: Measure, notes: tuple[str, ...]
) -> Record:
    start = time.perf_counter()
    estimated = method.estimate(song)
    middle = time.perf_counter()
    measured = measure.of(estimated.stems)
    return Record(
        method=method.name,
        track=song.name,
        fingerprint=wanted,
        length_s=song.mixture.shape[-1] / song.sample_rate,
        frames=measured.frames,
        scores=measured.scores,
        silent=measured.silent,
        notes=(*notes, *estimated.notes),
        estimate_s=middle - start,
        score_s=time.perf_counter() - middle,
        settings=method.settings(song.name),
    )
