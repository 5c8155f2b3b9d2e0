"""One job after the other, or several at once, with the results in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from vocalsep.errors import DataError

JobT = TypeVar("JobT")
ResultT = TypeVar("ResultT")


def each_of(
    function: Callable[[JobT], ResultT], jobs: Sequence[JobT], workers: int
) -> Iterator[ResultT]:
    """`map` over processes; one worker works in this process.

    Raises:
        DataError: a process was killed, usually because memory ran out.
    """
    if workers == 1:
        yield from map(function, jobs)
        return
    try:
        with ProcessPoolExecutor(workers) as pool:
            yield from pool.map(function, jobs)
    except BrokenProcessPool as error:
        raise DataError(
            f"one of {workers} processes was killed, often because memory ran out; try fewer "
            f"workers; what is done is kept"
        ) from error
