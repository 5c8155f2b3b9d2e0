"""Schedules: closed forms at several steps, and the plateau's memory."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from vocalsep.errors import RecipeError
from vocalsep.recipe import Part, Training, load_recipe
from vocalsep.training.schedules import SCHEDULES, Plateau, build_schedule, learning_rate

HALF = math.sqrt(0.5)
CASES: list[tuple[str, dict[str, Any], dict[int, float]]] = [
    ("constant", {}, {0: 1, 1: 1, 50: 1, 99: 1, 1000: 1}),
    (
        "cosine",
        {"final": 0},
        {0: 1, 25: (1 + HALF) / 2, 50: 0.5, 75: (1 - HALF) / 2, 100: 0, 500: 0},
    ),
    ("cosine", {"final": 0.2}, {0: 1, 50: 0.6, 100: 0.2}),
    # Cosines of 10, 20, 40, … steps
    (
        "warm_restarts",
        {"first": 10, "growth": 2.0},
        {0: 1, 5: 0.5, 10: 1, 20: 0.5, 29.999: 0, 30: 1, 50: 0.5, 70: 1},  # type: ignore[dict-item]
    ),
    ("warm_restarts", {"first": 10, "growth": 1.0}, {0: 1, 15: 0.5, 20: 1, 25: 0.5, 990: 1}),
    ("cyclic", {"half_cycle": 10, "low": 0.2}, {0: 0.2, 5: 0.6, 10: 1, 15: 0.6, 20: 0.2, 30: 1}),
    (
        "one_cycle",
        {"rise": 0.2, "start": 0.1, "final": 0.0},
        {0: 0.1, 10: 0.55, 20: 1, 60: 0.5, 100: 0, 101: 0},
    ),
    ("poly", {"power": 0.9}, {0: 1, 25: 0.75**0.9, 50: 0.5**0.9, 75: 0.25**0.9, 100: 0, 200: 0}),
]


@pytest.mark.parametrize(("name", "params", "expected"), CASES)
def test_closed_forms(name: str, params: dict[str, Any], expected: dict[int, float]) -> None:
    schedule = SCHEDULES.build(name, params, 100)
    for step, factor in expected.items():
        assert schedule.factor(step) == pytest.approx(factor, abs=1e-6), step


def test_every_schedule_is_covered() -> None:
    assert {case[0] for case in CASES} | {"plateau"} == set(SCHEDULES.names())


def test_plateau_waits_and_remembers() -> None:
    schedule = Plateau(100, shrink=0.5, patience=2, final=0.2)
    seen = []
    for score in (1.0, 0.9, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 3.0):
        schedule.observe(score)
        seen.append(schedule.factor(0))
    assert seen == [1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2]
    other = Plateau(100, shrink=0.5, patience=2, final=0.2)
    other.load_state_dict(schedule.state_dict())
    assert other.state_dict() == schedule.state_dict() and other.factor(0) == 0.2


def test_warm_up_is_linear_and_comes_before_every_schedule() -> None:
    training = Training(
        learning_rate=2.0, warmup_steps=10, max_steps=110, schedule=Part("poly", {"power": 1.0})
    )
    schedule = build_schedule(training)
    rates = [learning_rate(training, schedule, step) for step in (0, 4, 9, 10, 60, 110)]
    assert rates == pytest.approx([0.2, 1.0, 2.0, 2.0, 1.0, 0.0])


def test_the_shipped_recipe_keeps_its_rates() -> None:
    """Warm-up to the peak, then half a cosine to a fiftieth."""
    recipe = load_recipe(Path(__file__).parents[2] / "recipes" / "vocals.yaml")
    training = recipe.training
    schedule = build_schedule(training)
    steps = (0, 49, 50, 265, 480)
    factors = [learning_rate(training, schedule, s) / training.learning_rate for s in steps]
    assert factors == pytest.approx([1 / 50, 1, 1, 0.02 + 0.98 / 2, 0.02])


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("warm_restarts", {"first": 0}),
        ("warm_restarts", {"growth": 0.5}),
        ("cyclic", {"half_cycle": 0}),
        ("one_cycle", {"rise": 1.0}),
        ("plateau", {"shrink": 1.5}),
        ("plateau", {"patience": 0}),
        ("cosin", {}),
    ],
)
def test_mistakes_are_recipe_errors(name: str, params: dict[str, Any]) -> None:
    with pytest.raises(RecipeError):
        build_schedule(Training(schedule=Part(name, params)))
