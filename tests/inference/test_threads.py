"""The threads at both ends of the stream: order, errors from either side, no thread left over."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from vocalsep.inference.threads import read_ahead, write_behind


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def test_read_ahead_gives_all_items_in_order() -> None:
    with read_ahead(range(1000), size=3) as items:
        assert list(items) == list(range(1000))


def test_read_ahead_runs_in_another_thread_and_not_too_far() -> None:
    taken: list[int] = []
    threads = set()

    def source() -> Iterator[int]:
        for index in range(100):
            threads.add(threading.current_thread())
            taken.append(index)
            yield index

    with read_ahead(source(), size=4) as items:
        assert next(items) == 0
        time.sleep(0.05)
        assert len(taken) <= 1 + 4 + 1  # given out, waiting, and one in the sender's hand
    assert threading.current_thread() not in threads


def test_read_ahead_passes_the_error_after_the_items_before_it() -> None:
    def source() -> Iterator[int]:
        yield 1
        yield 2
        raise OSError("damaged")

    received = []
    with pytest.raises(OSError, match="damaged"), read_ahead(source()) as items:
        received.extend(iter(items.__next__, None))
    assert received == [1, 2]


def test_read_ahead_is_left_early_without_hanging() -> None:
    with read_ahead(iter(int, 1), size=2) as items:  # endless
        assert next(items) == 0


def test_read_ahead_is_left_with_an_error_without_hanging() -> None:
    with pytest.raises(KeyboardInterrupt), read_ahead(iter(int, 1), size=2):
        raise KeyboardInterrupt


def test_write_behind_consumes_everything_before_it_returns() -> None:
    received: list[int] = []

    def consume(items: Iterator[int]) -> None:
        for item in items:
            time.sleep(0.001)
            received.append(item)

    with write_behind(consume, size=2) as put:
        for index in range(50):
            put(index)
    assert received == list(range(50))


def test_write_behind_raises_the_error_of_the_thread() -> None:
    def consume(items: Iterator[int]) -> None:
        next(items)
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"), write_behind(consume, size=1) as put:
        for index in range(1000):
            put(index)


def test_write_behind_raises_an_error_at_the_very_end() -> None:
    def consume(items: Iterator[int]) -> None:
        list(items)
        raise OSError("cannot rename")

    with pytest.raises(OSError, match="rename"), write_behind(consume) as put:
        put(1)


def test_write_behind_lets_the_thread_clean_up_when_the_caller_fails() -> None:
    ends: list[str] = []

    def consume(items: Iterator[int]) -> None:
        try:
            list(items)
            ends.append("committed")
        finally:
            ends.append("cleaned")

    with pytest.raises(ValueError, match="network"), write_behind(consume) as put:
        put(1)
        raise ValueError("network")
    assert ends == ["cleaned"]


def test_both_ends_at_once() -> None:
    received: list[int] = []
    with (
        read_ahead(range(500), size=2) as items,
        write_behind(received.extend, size=2) as put,
    ):
        for item in items:
            put(2 * item)
    assert received == list(range(0, 1000, 2))
