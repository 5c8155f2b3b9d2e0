"""Frames at their time: whole-number time stamps, gaps, jitter."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocalsep.audio._source import DamageLog
from vocalsep.audio._timeline import Clock, Stamps, Timeline

RATE = 1000
END = 10_000


@given(
    stamp=st.integers(-(10**12), 10**12),
    unit=st.sampled_from([1000, 44100, 48000, 90_000, 14_112_000, 28_224_000]),
    origin=st.fractions(-1000, 1000, max_denominator=10**6),
    rate=st.integers(1000, 768_000),
)
def test_stamps_round_to_the_nearest_sample(
    stamp: int, unit: int, origin: Fraction, rate: int
) -> None:
    exact = (Fraction(stamp, unit) - origin) * rate
    assert abs(Stamps(Fraction(1, unit), origin, rate).sample(stamp) - exact) <= Fraction(1, 2)


def place(frames: list[tuple[int | None, bool]], exact: bool = False) -> tuple[str, list[str]]:
    """Place frames of ten ones, each (time, lost before it); return samples as text, messages."""
    damage = DamageLog(RATE)
    timeline = Timeline(Clock(RATE, END, exact), damage)
    blocks = []
    for at, broken in frames:
        timeline.broken = broken
        blocks += list(timeline.place(np.ones((1, 10), np.float32), at))
    samples = np.concatenate(blocks, axis=1)[0]
    assert timeline.position == len(samples)
    return "".join(str(int(sample)) for sample in samples), damage.messages


TEN, GAP = "1" * 10, "0" * 10


@pytest.mark.parametrize(
    ("frames", "exact", "text", "messages"),
    [
        ([(0, False), (10, False), (None, False)], False, TEN * 3, []),
        ([(0, False), (15, False), (5, False)], False, TEN * 3, []),  # jitter
        ([(300, False)], False, GAP * 30 + TEN, []),  # audio that starts late
        ([(0, False), (110, False)], False, TEN + GAP * 10 + TEN, ["from 0.010 s to 0.110 s"]),
        ([(0, False), (20, True)], False, TEN + GAP + TEN, ["from 0.010 s to 0.020 s"]),
        ([(0, False), (11, True)], False, TEN + TEN, ["near 0.010 s"]),  # rounding
        ([(0, False), (11, False)], True, TEN + "0" + TEN, ["from 0.010 s to 0.011 s"]),
        ([(0, False), (END + 1, True)], False, TEN + TEN, ["near 0.010 s"]),  # absurd stamp
        ([(20, True)], False, GAP * 2 + TEN, ["from 0.000 s to 0.020 s"]),
        (
            [(0, False), (20, True), (40, True), (2000, True)],
            False,
            TEN + GAP + TEN + GAP + TEN + "0" * 1950 + TEN,
            ["from 0.010 s to 2.000 s"],  # neighbours become one
        ),
    ],
)
def test_gaps(
    frames: list[tuple[int | None, bool]], exact: bool, text: str, messages: list[str]
) -> None:
    samples, said = place(frames, exact)
    assert samples == text
    assert said == [f"damaged {where}: what could not be decoded is silent" for where in messages]


def test_distant_damage_is_told_apart() -> None:
    _, said = place([(0, False), (20, True), *[(None, False)] * 150, (1540, True)])
    assert [text.split(":")[0] for text in said] == [
        "damaged from 0.010 s to 0.020 s",
        "damaged from 1.530 s to 1.540 s",
    ]
