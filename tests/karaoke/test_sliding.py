"""The sliding window gives a network's own answer, wherever hops meet."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.reading import RATE
from vocalsep.errors import VocalsepError
from vocalsep.karaoke.ring import Ring
from vocalsep.karaoke.sliding import (
    LATENCIES,
    Float32Array,
    HopGeometry,
    SlidingVoice,
    find_latency,
    voice_of,
)

SMALL = HopGeometry(hop=70, fade=13, ahead=40, window=400)


def noise(n_samples: int) -> Float32Array:
    return np.random.default_rng(1).standard_normal((2, n_samples)).astype(np.float32)


@given(n_samples=st.integers(1, 900), fade=st.integers(1, 90), ahead=st.integers(1, 100))
@settings(max_examples=40, deadline=None)
def test_an_identity_gives_the_song_back(n_samples: int, fade: int, ahead: int) -> None:
    audio = noise(n_samples)
    geometry = HopGeometry(70, fade, ahead, 400)
    done = voice_of(audio, lambda window: 0.5 * window, geometry)
    assert done.shape == audio.shape
    faded = min(fade, 70)  # the first hop comes out of silence
    np.testing.assert_allclose(done[:, faded:], 0.5 * audio[:, faded:], atol=1e-6)


def test_a_hop_hears_only_what_has_come_in() -> None:
    heard = []

    def estimate(window: Float32Array) -> Float32Array:
        heard.append(window.copy())
        return window

    audio = noise(500)
    voice_of(audio, estimate, SMALL)
    for number, window in enumerate(heard[:4]):
        needed = SMALL.needed(number)
        np.testing.assert_array_equal(window, audio[:, :needed][:, -400:])


def test_neighbours_are_faded_into_each_other() -> None:
    """Estimates that jump from hop to hop come out as a ramp."""
    levels = iter([0.0, 1.0, 1.0])
    sliding = SlidingVoice(lambda window: np.full_like(window, next(levels)), SMALL)
    window = np.zeros((2, SMALL.window), np.float32)
    sliding.hop(window)
    second = sliding.hop(window)[0]
    assert np.all(np.diff(second[: SMALL.fade]) > 0)
    assert np.all(second[SMALL.fade :] == 1.0)
    sliding.skip()
    assert sliding.hop(window)[0, 0] < 0.1  # out of silence again


def test_delays_are_as_promised() -> None:
    for rate in (44100, 48000, 16000):
        assert HopGeometry.at(LATENCIES["normal"], rate).delay <= 1.5 * rate
        assert HopGeometry.at(LATENCIES["low"], rate).delay <= 0.3 * rate
    with pytest.raises(VocalsepError, match="did you mean 'low'"):
        find_latency("lou")
    assert HopGeometry.at(find_latency("normal"), RATE).window <= 127 * 1024


@given(st.lists(st.integers(0, 37), max_size=12), st.integers(-5, 60), st.integers(0, 80))
@settings(deadline=None)
def test_ring(lengths: list[int], start: int, length: int) -> None:
    ring, parts = Ring(2, 30), [np.zeros((2, 0), np.float32)]
    for n_samples in lengths:
        parts.append(noise(n_samples))
        ring.append(parts[-1])
    stream = np.concatenate(parts, axis=1)
    assert ring.end == stream.shape[1]
    stream[:, : max(ring.end - 30, 0)] = 0.0  # forgotten
    wanted = np.zeros((2, length), np.float32)
    for place in range(max(start, 0), min(start + length, ring.end)):
        wanted[:, place - start] = stream[:, place]
    np.testing.assert_array_equal(ring.read(start, start + length), wanted)
