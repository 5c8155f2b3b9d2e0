"""Take the voice out of a stream with a constant, short delay: a network on a sliding window.

    heard so far  ───────────────────────────────────────────────┐
    window               [──────────── chunk of the network ─────┤
    this hop gives                            [ hop ][fade][ahead]
                                              ↑ first sample to play next

Once a hop the network hears the latest window and only the samples `ahead` before its end are
used: those at the very end have no future yet, and are worse. Neighbouring hops are cross-faded.
With as much time to compute as a hop lasts, a sample comes out 2·hop + fade + ahead after it went
in, always.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from vocalsep.errors import VocalsepError
from vocalsep.registry import did_you_mean

Float32Array: TypeAlias = npt.NDArray[np.float32]

#: (C, L) the mixture of one window -> (C, L) its voice.
Estimate: TypeAlias = Callable[[Float32Array], Float32Array]


@dataclass(frozen=True)
class Latency:
    """A trade between delay and quality, in seconds; see the picture above.

    The window is fixed before any model is loaded, because reading cannot wait for that: 128
    frames of the default model, as long as the examples that it was trained on.
    """

    hop_s: float
    fade_s: float
    ahead_s: float
    window_s: float = 2.94


LATENCIES = MappingProxyType(
    {
        "normal": Latency(hop_s=0.3, fade_s=0.05, ahead_s=0.8),
        "low": Latency(hop_s=0.09, fade_s=0.02, ahead_s=0.08),
    }
)


def find_latency(name: str) -> Latency:
    """The setting called `name`.

    Raises:
        VocalsepError: there is none.
    """
    if name not in LATENCIES:
        raise VocalsepError(f"unknown latency {name!r}: {did_you_mean(name, list(LATENCIES))}")
    return LATENCIES[name]


@dataclass(frozen=True)
class HopGeometry:
    """A `Latency` in samples of one stream, with the network's window."""

    hop: int
    fade: int
    ahead: int
    window: int

    @classmethod
    def at(cls, latency: Latency, sample_rate: int) -> HopGeometry:
        """The setting at a rate (Hz)."""
        times_s = (latency.hop_s, latency.fade_s, latency.ahead_s, latency.window_s)
        hop, fade, ahead, window = (max(int(time_s * sample_rate), 1) for time_s in times_s)
        return cls(hop, fade, ahead, window)

    @property
    def delay(self) -> int:
        """From a sample's arrival to its departure."""
        return 2 * self.hop + self.fade + self.ahead

    def needed(self, number: int) -> int:
        """How many samples must have come in before hop `number` can be computed."""
        return (number + 1) * self.hop + self.fade + self.ahead


class SlidingVoice:
    """The voice of a stream, one hop after the other.

    Args:
        estimate: the network.
        geometry: of the hops.
    """

    def __init__(self, estimate: Estimate, geometry: HopGeometry) -> None:
        self._estimate = estimate
        self._geometry = geometry
        self._rising = (np.arange(geometry.fade, dtype=np.float32) + 0.5) / geometry.fade
        self._tail: Float32Array | None = None  # (C, fade) of the hop before, past its end

    def hop(self, window: Float32Array) -> Float32Array:
        """The voice of the next hop.

        Args:
            window: (C, L) the latest samples, L = geometry.window once there are so many. Before
                that it is not padded: networks hear levels relative to their input.

        Returns:
            (C, geometry.hop), the samples that begin hop + fade + ahead before the window's end.
        """
        geometry = self._geometry
        end = window.shape[1] - geometry.ahead
        piece = self._estimate(window)[:, end - geometry.fade - geometry.hop : end]
        first: Float32Array = piece[:, : geometry.hop].copy()
        # The very first hop, and one after a gap, come out of silence.
        before = np.zeros_like(piece[:, : geometry.fade]) if self._tail is None else self._tail
        n_faded = min(geometry.fade, geometry.hop)
        rising = self._rising[:n_faded]
        first[:, :n_faded] = first[:, :n_faded] * rising + before[:, :n_faded] * (1.0 - rising)
        self._tail = piece[:, geometry.hop :].copy()
        return first

    def skip(self) -> None:
        """Leave a hop out: the next one does not follow what came before."""
        self._tail = None


def voice_of(audio: Float32Array, estimate: Estimate, geometry: HopGeometry) -> Float32Array:
    """What a live stream would give for a whole song, without its delay; for measurements.

    Args:
        audio: (C, N).
        estimate: the network.
        geometry: of the hops.

    Returns:
        (C, N) voice.
    """
    sliding = SlidingVoice(estimate, geometry)
    n_samples = audio.shape[1]
    n_hops = -(-n_samples // geometry.hop)
    padded = np.pad(audio, ((0, 0), (0, geometry.needed(n_hops) - n_samples)))
    hops = []
    for number in range(n_hops):
        end = geometry.needed(number)
        hops.append(sliding.hop(padded[:, max(end - geometry.window, 0) : end]))
    return np.concatenate(hops, axis=-1)[:, :n_samples]
