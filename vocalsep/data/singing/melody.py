"""Random melodies: notes of a scale, and the pitch of a voice that sings them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float64]

MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)  # semitones
STEPS = (-3, -2, -1, -1, 0, 1, 1, 2, 4)  # degrees of the scale from one note to the next
LOWEST, HIGHEST = -3, 9  # degrees above the tonic
BEATS = (0.5, 0.5, 1.0, 1.0, 1.0, 1.5, 2.0, 3.0)


@dataclass(frozen=True)
class Note:
    """What is sung on one vowel: its pitch in Hz and its length in seconds."""

    hz: float
    seconds: float


class Melody:
    """An endless random walk over a scale.

    Args:
        rng: where chance comes from.
        tonic_hz: pitch of degree 0; notes lie from a fourth below to a tenth above it.
    """

    def __init__(self, rng: np.random.Generator, tonic_hz: float) -> None:
        self._rng = rng
        self._tonic_hz = tonic_hz
        self._scale = MAJOR if rng.random() < 0.5 else MINOR
        self._beat_s = rng.uniform(0.28, 0.6)
        self._degree = int(rng.integers(0, 7))

    def note(self, held: bool = False) -> Note:
        """The next one; `held`: as long as at the end of a phrase."""
        step = int(self._rng.choice(STEPS))
        self._degree = int(np.clip(self._degree + step, LOWEST, HIGHEST))
        octave, degree = divmod(self._degree, len(self._scale))
        # Nobody sings exactly in tune.
        semitones = 12 * octave + self._scale[degree] + self._rng.normal(0, 0.12)
        beats = self._rng.choice((2.0, 3.0, 4.0)) if held else self._rng.choice(BEATS)
        return Note(self._tonic_hz * 2 ** (semitones / 12), min(self._beat_s * beats, 2.5))


class Intonation:
    """How one singer goes from note to note: glides, vibrato on long notes, small deviations.

    Args:
        rng: where chance comes from.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._glide_s = rng.uniform(0.03, 0.15)
        self._vibrato_hz = rng.uniform(4.6, 6.6)
        self._vibrato_semitones = rng.uniform(0, 0.6) * (rng.random() < 0.8)

    def curve(self, note: Note, times: Samples, before_hz: float | None) -> Samples:
        """Pitch in Hz at `times`, seconds from the start of a note, after one of `before_hz`.

        The first note of a phrase, before_hz None, is approached from up to a semitone below.
        """
        start_hz = before_hz or note.hz * 2 ** (-self._rng.uniform(0, 1) / 12)
        share = np.clip(times / self._glide_s, 0, 1)  # of the way from the note before
        grown = np.clip((times - 0.2) / 0.3, 0, 1)  # of the vibrato
        wave = np.sin(2 * np.pi * self._vibrato_hz * times)
        semitones = self._vibrato_semitones * grown * wave + self._rng.normal(0, 0.05, times.shape)
        curve: Samples = start_hz ** (1 - share) * note.hz**share * 2 ** (semitones / 12)
        return curve
