"""Recorded speech sung on random melodies, by the vocoder WORLD (Morise et al., IEICE 2016).

Consonants keep their length, the middle of each vowel is held as long as its note, and pitch
follows the melody. Speech-to-singing as in Saitou et al., WASPAA 2007, without the score.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from vocalsep.data.flac import levelled
from vocalsep.data.singing.melody import Intonation, Melody
from vocalsep.errors import DataError

Frames = npt.NDArray[np.float64]

FRAME_S = 0.005
LOWEST_RATE = 16000  # Hz; WORLD wants the whole band of a voice
SYLLABLE_S = 0.18  # of speech; a longer voiced stretch gets several notes
EDGE_S = 0.03  # at each end of a vowel that keeps its speed
SHORTEST_S = 0.05  # of a voiced stretch that is sung
LONGEST_PAUSE_S = 0.6
HIGHER = (1.0, 1.5)  # tonic above the median pitch of the speech
TRACT = (0.87, 1.15)  # factor of all formants: another vocal tract
DYNAMICS_DB = 3.0  # of notes


@dataclass(frozen=True)
class Speech:
    """What WORLD takes speech apart into; rows are frames of 5 ms.

    Attributes:
        f0: (T,) Hz, 0 where unvoiced.
        envelope: (T, F) power.
        aperiodicity: (T, F), 0 to 1.
        sample_rate: Hz.
    """

    f0: Frames
    envelope: Frames
    aperiodicity: Frames
    sample_rate: int


def analyse(speech: Frames, sample_rate: int) -> Speech:
    """Take speech apart.

    Args:
        speech: (N,), full scale ±1.
        sample_rate: Hz, at least 16,000.

    Raises:
        DataError: WORLD is not installed, the rate is too low, or there is hardly any voice.
    """
    if sample_rate < LOWEST_RATE:
        raise DataError(f"{sample_rate} Hz: expected speech of {LOWEST_RATE} Hz or more")
    world = load_world()
    coarse, times = world.dio(speech, sample_rate, frame_period=1000 * FRAME_S)
    f0 = world.stonemask(speech, coarse, times, sample_rate)
    if np.count_nonzero(f0) * FRAME_S < 1.0:
        raise DataError("less than a second of voice in the speech: expected some sentences")
    envelope = world.cheaptrick(speech, f0, times, sample_rate)
    return Speech(f0, envelope, world.d4c(speech, f0, times, sample_rate), sample_rate)


def sing(speech: Speech, rng: np.random.Generator) -> Frames:
    """Sing the speech once, on a new melody and with a new vocal tract.

    Returns:
        (M,) with its peak at 0.9, at the rate of the speech.
    """
    voiced = speech.f0 > 0
    tonic_hz = float(np.median(speech.f0[voiced])) * rng.uniform(*HIGHER)
    melody, intonation = Melody(rng, tonic_hz), Intonation(rng)
    positions, pitch, gains = [], [], []
    before_hz: float | None = None
    for start, end in _stretches(voiced):
        if voiced[start] and (end - start) * FRAME_S >= SHORTEST_S:
            last = end == len(voiced) or not voiced[end : end + 40].any()
            note = melody.note(held=last and rng.random() < 0.5)
            place = _held(start, end, note.seconds)
            pitch.append(intonation.curve(note, np.arange(0.0, len(place)) * FRAME_S, before_hz))
            before_hz = note.hz
        else:
            place = np.arange(start, min(end, start + round(LONGEST_PAUSE_S / FRAME_S)), 1.0)
            pitch.append(np.zeros(len(place)))
            before_hz = before_hz if len(place) * FRAME_S < 0.2 else None
        positions.append(place)
        gains.append(np.full(len(place), 10 ** (rng.uniform(-DYNAMICS_DB, DYNAMICS_DB) / 20)))
    return _synthesised(
        speech, np.concatenate(positions), np.concatenate(pitch), np.concatenate(gains), rng
    )


def _synthesised(
    speech: Speech, positions: Frames, f0: Frames, gains: Frames, rng: np.random.Generator
) -> Frames:
    nearest = np.minimum(np.rint(positions).astype(int), len(speech.f0) - 1)
    tract = rng.uniform(*TRACT)
    envelope = _stretched(speech.envelope[nearest], tract) * _smooth(gains)[:, None] ** 2
    aperiodicity = _stretched(speech.aperiodicity[nearest], tract)
    world = load_world()
    sung: Frames = world.synthesize(
        np.ascontiguousarray(f0),
        np.ascontiguousarray(envelope),
        np.ascontiguousarray(aperiodicity),
        speech.sample_rate,
        1000 * FRAME_S,
    )
    return levelled(sung)


def _stretches(voiced: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """(start, end) of the pauses and consonants, and of the syllables of voiced stretches."""
    edges = [0, *(np.flatnonzero(np.diff(voiced.astype(np.int8))) + 1), len(voiced)]
    for start, end in pairwise(edges):
        n_notes = max(1, round((end - start) * FRAME_S / SYLLABLE_S)) if voiced[start] else 1
        cuts = np.linspace(start, end, n_notes + 1).astype(int)
        yield from ((int(a), int(b)) for a, b in pairwise(cuts) if b > a)


def _held(start: int, end: int, seconds: float) -> Frames:
    """Frames of a syllable that lasts so long: both ends at their speed, the middle held."""
    n_frames = max(end - start, round(seconds / FRAME_S))
    edge = min(round(EDGE_S / FRAME_S), (end - start) // 3)
    known = [0, edge, n_frames - edge, n_frames]
    return np.interp(np.arange(n_frames), known, [start, start + edge, end - edge, end - 1])


def _stretched(values: Frames, factor: float) -> Frames:
    """Move everything along the frequency axis by a factor."""
    n_bins = values.shape[1]
    source = np.minimum(np.arange(n_bins) / factor, n_bins - 1)
    low = np.floor(source).astype(int)
    share = source - low
    high = np.minimum(low + 1, n_bins - 1)
    moved: Frames = values[:, low] * (1 - share) + values[:, high] * share
    return moved


def _smooth(gains: Frames, n_frames: int = 9) -> Frames:
    """No clicks where notes of different loudness meet."""
    padded = np.pad(gains, n_frames // 2, mode="edge")
    return np.convolve(padded, np.full(n_frames, 1 / n_frames), mode="valid")


def load_world() -> Any:
    """The vocoder's module.

    Raises:
        DataError: it is not installed.
    """
    try:
        import pyworld
    except ImportError as error:
        raise DataError(
            "speech is sung by the vocoder WORLD: pip install 'vocalsep[singing]'"
        ) from error
    return pyworld
