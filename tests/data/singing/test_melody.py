"""Random melodies: notes of a scale, pitch that a voice could sing."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vocalsep.data.singing.melody import HIGHEST, LOWEST, MAJOR, MINOR, Intonation, Melody, Note


@given(st.integers(0, 2**32), st.floats(80, 400))
def test_notes_belong_to_one_scale(seed: int, tonic_hz: float) -> None:
    melody = Melody(np.random.default_rng(seed), tonic_hz)
    notes = [melody.note() for _ in range(60)]
    semitones = 12 * np.log2([note.hz / tonic_hz for note in notes])
    # A fourth below is degree -3, a tenth above degree 9; a singer is a little off.
    assert (semitones > -8).all() and (semitones < 18).all()
    off = [
        np.abs((semitones[:, None] - np.array(scale) + 6) % 12 - 6).min(1).mean()
        for scale in (MAJOR, MINOR)
    ]
    assert min(off) < 0.2
    assert all(0.1 < note.seconds <= 2.5 for note in notes)
    assert LOWEST < 0 < HIGHEST


def test_pitch_glides_from_note_to_note_and_then_stays() -> None:
    rng = np.random.default_rng(3)
    times = np.arange(0, 0.2, 0.005)  # vibrato comes later
    for _ in range(20):
        curve = Intonation(rng).curve(Note(220.0, 0.2), times, before_hz=330.0)
        cents = 1200 * np.log2(curve / 220.0)
        assert abs(cents[0] - 702) < 30 and np.abs(cents[times > 0.16]).max() < 40
        fresh = Intonation(rng).curve(Note(220.0, 0.2), times, before_hz=None)
        assert -130 < 1200 * np.log2(fresh[0] / 220.0) < 40


def test_long_notes_may_vibrate() -> None:
    times = np.arange(0, 2.0, 0.005)
    widths = []
    for seed in range(30):
        curve = Intonation(np.random.default_rng(seed)).curve(Note(300.0, 2.0), times, 300.0)
        late = 12 * np.log2(curve[times > 0.6] / 300.0)
        smooth = np.convolve(late, np.full(5, 0.2), mode="valid")
        widths.append(smooth.max() - smooth.min())
    assert max(widths) > 0.8 and min(widths) < 0.2  # some singers do, some do not
