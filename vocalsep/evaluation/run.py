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
from typing import Protocol, TypeAlias, TypeVar

import torch

from vocalsep.errors import VocalsepError
from vocalsep.evaluation.measure import GROUPS, Measure
from vocalsep.evaluation.methods import Method
from vocalsep.evaluation.records import Record, fingerprint, finished, read_record, write_record
from vocalsep.evaluation.songs import Song
from vocalsep.evaluation.tracks import Track
from vocalsep.heap import keep_freed_memory


class Named(Protocol):
    """A track, a picture, or a method."""

    @property
    def name(self) -> str:
        """In tables and of files."""


Item = TypeVar("Item", bound=Named)
AnyMethod = TypeVar("AnyMethod", bound=Named)
#: Methods with the fingerprints of the results that they shall give.
Pending: TypeAlias = "list[tuple[AnyMethod, str]]"


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
    items: Sequence[Item],
    score: Callable[[Item], Outcome],
    workers: int = 1,
    report: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Score every method on every track (or picture).

    Args:
        score: what one track makes; it travels to the workers, e.g. a partial `evaluate_track`.
        workers: processes; more than one gives each a single thread.
        report: called with every track as it is done.

    Returns:
        One outcome a track, in the order of `items`.
    """
    done: dict[str, Outcome] = {}
    for outcome in _outcomes(items, score, min(workers, len(items))):
        done[outcome.track] = outcome
        report(outcome)
    return [done[item.name] for item in items]


def _outcomes(
    items: Sequence[Item], score: Callable[[Item], Outcome], workers: int
) -> Iterator[Outcome]:
    if workers <= 1:
        yield from map(score, items)
        return
    # A forked process would inherit the threads of torch in an unknown state.
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, context, _begin_worker) as pool:
        waiting: list[Future[Outcome]] = [pool.submit(score, item) for item in items]
        for future in as_completed(waiting):
            yield future.result()


def _begin_worker() -> None:
    keep_freed_memory()
    torch.set_num_threads(1)


def evaluate_track(track: Track, methods: Sequence[Method], settings: Settings) -> Outcome:
    """Score methods on one track; what fails is told in the outcome."""
    return resumed(
        Kept(track.name, settings.output),
        methods,
        lambda method: _fingerprint(track, method, settings),
        lambda pending: _score(track, pending, settings),
    )


@dataclass(frozen=True)
class Kept:
    """Where the results of one track are kept."""

    track: str
    output: Path


def resumed(
    kept: Kept,
    methods: Sequence[AnyMethod],
    wanted: Callable[[AnyMethod], str],
    score: Callable[[Pending[AnyMethod]], Iterator[Record | str]],
) -> Outcome:
    """Score those methods that have no result yet, and keep what they give.

    Args:
        wanted: fingerprint of a method's result.
        score: records and failures (one line each) of the methods that are left.
    """
    records: dict[str, Record] = {}
    failures: list[str] = []
    pending: list[tuple[AnyMethod, str]] = []
    for method in methods:
        try:
            mark = wanted(method)
        except VocalsepError as error:
            failures.append(f"{method.name}, {error}")
            continue
        found = finished(kept.output, method.name, kept.track, mark)
        if found is None:
            pending.append((method, mark))
        else:
            records[method.name] = found
    n_kept = len(records)
    try:
        for result in score(pending) if pending else ():
            if isinstance(result, Record):
                # As it was kept, rounded: so this run says what a later one will say.
                records[result.method] = read_record(write_record(kept.output, result))
            else:
                failures.append(result)
    except VocalsepError as error:
        failures.append(str(error))
    ordered = tuple(records[method.name] for method in methods if method.name in records)
    return Outcome(kept.track, ordered, n_kept, tuple(failures))


def _fingerprint(track: Track, method: Method, settings: Settings) -> str:
    facts = {
        "track": track.fingerprint(),
        "method": type(method).__name__,
        "settings": method.settings(track.name),
        "stems": settings.stems,
        "groups": sorted(settings.groups),
    }
    return fingerprint(facts)


def _score(track: Track, pending: Pending[Method], settings: Settings) -> Iterator[Record | str]:
    loaded = track.load(settings.stems)
    song = loaded.song
    measure = Measure(song, settings.groups)
    for method, wanted in pending:
        try:
            yield _record(method, wanted, song, measure, loaded.notes)
        except VocalsepError as error:
            yield f"{method.name}, {error}"


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
