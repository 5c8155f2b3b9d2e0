"""`vocalsep live`: raw PCM in, the song without its voice out, always the same delay later.

Three threads share one clock, the number of samples that have come in. The caller's reads from
the first moment and never waits for the others; one computes the voice hop by hop; one writes as
many samples as came in, `delay` samples later. What the network has not finished by then plays as
if there were no voice in it, and is counted. So is what nobody takes off our hands in time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Protocol

import numpy as np

from vocalsep.karaoke.ring import Ring
from vocalsep.karaoke.sliding import Estimate, Float32Array, HopGeometry, SlidingVoice

#: How long a program that reads our output may stall before what came in meanwhile is lost (s).
PATIENCE_S = 2.0
#: How much may come in at once, from a player that catches up (s).
_BACKLOG_S = 10.0
_READ_BYTES = 1 << 16

#: PCM name → numpy's, and what full scale is.
PCM_FORMATS = {"f32le": ("<f4", 1.0), "s16le": ("<i2", 2.0**15), "s32le": ("<i4", 2.0**31)}


@dataclass(frozen=True)
class Pcm:
    """Raw interleaved samples."""

    sample_rate: int  # Hz
    n_channels: int
    name: str = "f32le"

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of all channels."""
        return np.dtype(PCM_FORMATS[self.name][0]).itemsize * self.n_channels

    def decode(self, data: bytes) -> Float32Array:
        """(C, n) full scale ±1; what is no number becomes silence."""
        dtype, full = PCM_FORMATS[self.name]
        values = np.frombuffer(data, dtype).reshape(-1, self.n_channels).T
        finite = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0) if full == 1.0 else values
        return np.ascontiguousarray(finite / full, dtype=np.float32)

    def encode(self, block: Float32Array) -> bytes:
        """The bytes of (C, n); integers are clipped."""
        dtype, full = PCM_FORMATS[self.name]
        if full == 1.0:
            return bytes(block.T.astype(dtype).tobytes())
        steps = np.clip(np.rint(block.T.astype(np.float64) * full), -full, full - 1)
        return bytes(steps.astype(dtype).tobytes())


@dataclass(frozen=True)
class Mix:
    """How loud the two stems come out (amplitudes)."""

    instrumental: float = 1.0
    voice: float = 0.0


@dataclass
class LiveReport:
    """What happened so far.

    Attributes:
        n_hops: hops computed.
        n_dropped: hops left out because the network was too slow.
        late: samples that played with their voice because it was not known in time.
        lost: samples that the reader of our output never took.
        busy_s: time spent computing.
        slowest_s: the longest hop.
    """

    n_hops: int = 0
    n_dropped: int = 0
    late: int = 0
    lost: int = 0
    busy_s: float = 0.0
    slowest_s: float = 0.0


class Listener(Protocol):
    """Hears of a run, in the thread of the network."""

    def ready(self) -> None: ...
    def hop(self, report: LiveReport) -> None: ...


class LiveStream:
    """One run over a stream.

    Args:
        pcm: of both ends.
        geometry: of the hops.
        mix: what comes out.
    """

    def __init__(self, pcm: Pcm, geometry: HopGeometry, mix: Mix) -> None:
        self.report = LiveReport()
        self.pcm = pcm
        self.geometry = geometry
        self._mix = mix
        self._backlog = round(_BACKLOG_S * pcm.sample_rate)
        capacity = geometry.window + 2 * geometry.delay + self._backlog
        self._song = Ring(pcm.n_channels, capacity)
        self._voice = Ring(pcm.n_channels, capacity)
        self._changed = threading.Condition()
        self._is_ended = False  # no more input
        self._is_stopped = False  # somebody gave up
        self._first: int | None = None  # the first sample whose voice is looked for
        self._failure: BaseException | None = None

    def run(
        self, source: BinaryIO, sink: BinaryIO, load: Callable[[], Estimate], listener: Listener
    ) -> None:
        """Work until the input ends.

        Args:
            source: raw PCM, read by the calling thread.
            sink: raw PCM.
            load: makes the network; called in a thread of its own.
            listener: hears when the network is there and of every hop.

        Raises:
            Exception: whatever `source`, `sink` or `load` raised first.
        """
        threads = [
            threading.Thread(
                target=self._guarded, args=(self._compute, load, listener), daemon=True
            ),
            threading.Thread(target=self._guarded, args=(self._write, sink), daemon=True),
        ]
        for thread in threads:
            thread.start()
        try:
            self._read(source)
        except BaseException:
            self._stop()
            raise
        finally:
            with self._changed:
                self._is_ended = True
                self._changed.notify_all()
            for thread in threads:
                thread.join()
        if self._failure is not None:
            raise self._failure

    def _guarded(self, work: Callable[..., None], *arguments: object) -> None:
        try:
            work(*arguments)
        except BaseException as error:
            self._failure = self._failure or error
            self._stop()

    def _stop(self) -> None:
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def _read(self, source: BinaryIO) -> None:
        """Take in what comes, as it comes."""
        rest = b""
        read = getattr(source, "read1", source.read)
        while not self._is_stopped and (data := read(_READ_BYTES)):
            data = rest + data
            n_bytes = len(data) - len(data) % self.pcm.frame_bytes
            rest = data[n_bytes:]
            block = self.pcm.decode(data[:n_bytes])
            with self._changed:
                self._song.append(block)
                self._changed.notify_all()

    def _compute(self, load: Callable[[], Estimate], listener: Listener) -> None:
        """The voice, hop by hop, as soon as there is enough to hear."""
        geometry = self.geometry
        estimate = load()
        silence = np.zeros((self.pcm.n_channels, geometry.window), np.float32)
        estimate(silence)  # the first run of a network is the slowest
        with self._changed:
            number = max(self._newest_hop(), 0)
            self._first = number * geometry.hop
            self._skip_to(number)
        listener.ready()
        sliding = SlidingVoice(estimate, geometry)
        while (window := self._next_window(number)) is not None:
            begin = time.perf_counter()
            voice = sliding.hop(window)
            spent_s = time.perf_counter() - begin
            with self._changed:
                self._voice.append(voice)
                self._count(spent_s)
                number = self._after(number, sliding)
                self._changed.notify_all()
            listener.hop(self.report)

    def _next_window(self, number: int) -> Float32Array | None:
        """What hop `number` hears, once it is there; None when all is done."""
        needed = self.geometry.needed(number)
        with self._changed:
            while self._song.end < needed and not (self._is_ended or self._is_stopped):
                self._changed.wait()
            all_done = self._is_ended and number * self.geometry.hop >= self._song.end
            if self._is_stopped or all_done:
                return None
            return self._song.read(max(needed - self.geometry.window, 0), needed)

    def _after(self, number: int, sliding: SlidingVoice) -> int:
        """The next hop to compute: not the next one, if that has no chance to be in time."""
        number += 1
        newest = self._newest_hop()
        if self._is_ended or newest <= number:
            return number
        self.report.n_dropped += newest - number
        sliding.skip()
        self._skip_to(newest)
        return newest

    def _newest_hop(self) -> int:
        """The last hop for which enough has come in; may be negative."""
        geometry = self.geometry
        return (self._song.end - geometry.fade - geometry.ahead) // geometry.hop - 1

    def _skip_to(self, number: int) -> None:
        """No voice is known up to hop `number`."""
        missing = number * self.geometry.hop - self._voice.end
        if missing > 0:
            self._voice.append(np.zeros((self.pcm.n_channels, missing), np.float32))

    def _count(self, spent_s: float) -> None:
        self.report.n_hops += 1
        self.report.busy_s += spent_s
        self.report.slowest_s = max(self.report.slowest_s, spent_s)

    def _write(self, sink: BinaryIO) -> None:
        """As many samples as came in, the delay later."""
        position = 0
        delay = self.geometry.delay
        stalled = False
        while True:
            with self._changed:
                while not self._has_to_write(position):
                    self._changed.wait()
                if self._is_stopped:
                    return
                end = self._song.end + (delay if self._is_ended else 0)
                if position == end:
                    return
                behind = end - position - (0 if stalled else self._backlog)
                if behind > 0 and not self._is_ended:
                    self.report.lost += behind
                    position += behind
                block = self._mixed(position - delay, end - delay)
            begin = time.monotonic()
            sink.write(self.pcm.encode(block))
            sink.flush()
            stalled = time.monotonic() - begin > PATIENCE_S
            position = end

    def _has_to_write(self, position: int) -> bool:
        if self._is_stopped:
            return True
        if self._is_ended:  # the rest comes at once, when all of its voice is known
            return self._voice.end >= self._song.end
        return position < self._song.end

    def _mixed(self, start: int, end: int) -> Float32Array:
        """(C, end − start) of the song in the wanted mix."""
        song = self._song.read(start, end)
        voice = self._voice.read(start, end)
        if self._first is not None:
            known = max(self._voice.end, self._first, start)
            self.report.late += max(min(end, self._song.end) - known, 0)
        mix = self._mix
        return mix.instrumental * (song - voice) + mix.voice * voice
