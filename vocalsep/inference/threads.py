"""Run the two ends of the stream beside the network: reading ahead and writing behind.

    reading thread ──Channel──→ caller (network) ──Channel──→ writing thread

Channels are short, so neither end runs away. An error on one side surfaces on the other, and
leaving a `with` block always ends and joins the thread: nothing hangs, nothing leaks.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")

_WAKE_S = 0.2  # Windows delivers Ctrl-C to a waiting main thread only between waits


class ChannelClosed(Exception):
    """The receiver has gone: there is no use in sending more."""


class Channel(Generic[T]):
    """A bounded hand-over of items from one thread to one other."""

    def __init__(self, size: int) -> None:
        self._items: deque[T] = deque()
        self._size = size
        self._changed = threading.Condition()
        self._finished = False  # by the sender
        self._error: BaseException | None = None  # of the sender
        self._closed = False  # by the receiver

    def put(self, item: T) -> None:
        """Wait for room and send.

        Raises:
            ChannelClosed: the receiver has gone.
        """
        with self._changed:
            while len(self._items) >= self._size and not self._closed:
                self._changed.wait(_WAKE_S)
            if self._closed:
                raise ChannelClosed
            self._items.append(item)
            self._changed.notify_all()

    def finish(self, error: BaseException | None = None) -> None:
        """Sender: that was all; `error` is raised in the receiver after the last item."""
        with self._changed:
            self._finished = True
            self._error = error
            self._changed.notify_all()

    def close(self) -> None:
        """Receiver: send no more."""
        with self._changed:
            self._closed = True
            self._items.clear()
            self._changed.notify_all()

    def __iter__(self) -> Iterator[T]:
        while True:
            with self._changed:
                while not self._items and not self._finished:
                    self._changed.wait(_WAKE_S)
                if not self._items:
                    if self._error is not None:
                        raise self._error
                    return
                item = self._items.popleft()
                self._changed.notify_all()
            yield item


@contextmanager
def read_ahead(items: Iterable[T], size: int = 8) -> Iterator[Iterator[T]]:
    """Iterate `items` in a thread, at most `size` ahead; its errors come out of the iterator."""
    channel: Channel[T] = Channel(size)

    def run() -> None:
        try:
            for item in items:
                channel.put(item)
            channel.finish()
        except ChannelClosed:
            pass
        except BaseException as error:  # handed to the receiver, whatever it is
            channel.finish(error)

    thread = threading.Thread(target=run, name="vocalsep-read")
    thread.start()
    try:
        yield iter(channel)
    finally:
        channel.close()
        thread.join()


class Abandoned(Exception):
    """Raised inside the writing thread when the caller left with an error."""


@contextmanager
def write_behind(
    consume: Callable[[Iterator[T]], None], size: int = 8
) -> Iterator[Callable[[T], None]]:
    """Run `consume(items)` in a thread and yield the function that sends it an item.

    Leaving the block normally waits until everything is consumed and raises what `consume`
    raised. Leaving it with an error makes the items end in `Abandoned`, so that `consume`
    cleans up.
    """
    channel: Channel[T] = Channel(size)
    failure: list[BaseException] = []

    def run() -> None:
        try:
            consume(iter(channel))
        except Abandoned:
            pass
        except BaseException as error:  # raised again in the caller's thread
            failure.append(error)
        finally:
            channel.close()

    thread = threading.Thread(target=run, name="vocalsep-write")
    thread.start()
    try:
        yield channel.put
    except ChannelClosed:
        pass  # the thread failed: its error is the reason, raised below
    except BaseException:
        channel.close()
        channel.finish(Abandoned())
        thread.join()
        raise
    channel.finish()
    thread.join()
    if failure:
        raise failure[0]
