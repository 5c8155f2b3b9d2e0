"""What the readers of soundfile, PyAV and pipes have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator

from vocalsep.errors import UnreadableAudio
from vocalsep.types import AudioInfo, Block

#: Rates outside this range are damage, not audio: DXD is 352.8 kHz, the fastest converters 768 kHz.
SAMPLE_RATES_HZ = (1_000, 768_000)


class DamageLog:
    """Sentences about the damaged spans of one source, in time order.

    Spans less than a second apart become one sentence, so that a scratch of fifty broken packets
    is one warning.
    """

    def __init__(self, sample_rate: int) -> None:
        self.messages: list[str] = []
        self._sample_rate = sample_rate
        self._open_span: tuple[int, int] | None = None  # that of the last message
        self._changes: set[str] = set()

    def silenced(self, start: int, stop: int) -> None:
        """Note that samples [start, stop) could not be decoded and were replaced by silence."""
        if self._open_span is not None and start - self._open_span[1] < self._sample_rate:
            start = self._open_span[0]
            self.messages.pop()
        self._open_span = (start, stop)
        where = f"from {self._seconds(start)} to {self._seconds(stop)}"
        if start == stop:
            where = f"near {self._seconds(start)}"
        self.messages.append(f"damaged {where}: what could not be decoded is silent")

    def ended(self, stop: int, declared: int | None) -> None:
        """Note that the audio ends at sample `stop`, before its container says (if it says)."""
        expected = "" if declared is None else f", expected until {self._seconds(declared)}"
        self.messages.append(f"truncated or damaged: ends at {self._seconds(stop)}{expected}")

    def changed(self, at: int, message: str) -> None:
        """Note once what happens from sample `at` on."""
        if message not in self._changes:
            self._changes.add(message)
            self.messages.append(f"from {self._seconds(at)} on {message}")
            self._open_span = None

    def _seconds(self, sample: int) -> str:
        return f"{sample / self._sample_rate:.3f} s"


class Source(ABC):
    """An opened audio source: its facts, its samples from any point on, its damage."""

    info: AudioInfo
    damage: DamageLog
    #: About how long it is, for sources that do not know it exactly.
    length_hint_s: float | None = None

    @abstractmethod
    def blocks(self, start: int, block_samples: int) -> Iterator[Block]:
        """Yield (C, n) blocks of about `block_samples` samples from sample `start` to the end."""

    @abstractmethod
    def close(self) -> None:
        """Release the file; harmless when repeated."""


def drop_first(blocks: Iterable[Block], n_samples: int) -> Iterator[Block]:
    """Yield the (C, n) blocks without their first `n_samples` samples."""
    for block in blocks:
        if n_samples < block.shape[1]:
            yield block[:, n_samples:]
        n_samples = max(0, n_samples - block.shape[1])


def require_plausible(info: AudioInfo) -> AudioInfo:
    """Return `info`, or raise UnreadableAudio if its rate or channel count cannot be true."""
    require_plausible_rate(info.name, info.sample_rate)
    if info.n_channels < 1:
        raise UnreadableAudio(f"{info.name}: it has {info.n_channels} channels, expected 1 or more")
    return info


def require_plausible_rate(name: str, sample_rate: int) -> None:
    """Raise UnreadableAudio if a sample rate cannot be true."""
    low, high = SAMPLE_RATES_HZ
    if not low <= sample_rate <= high:
        raise UnreadableAudio(
            f"{name}: its sample rate is {sample_rate} Hz, expected {low} to {high} Hz; "
            "its header is wrong"
        )
