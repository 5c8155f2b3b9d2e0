"""Learning-rate schedules, as factors of the peak rate.

All but `plateau` are closed forms of the step, so they need no state. Steps are counted from the
end of the warm-up; `span` is how many there are until max_steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from vocalsep.recipe import Training
from vocalsep.registry import Registry


class Schedule(Protocol):
    """The factor of the peak rate at a step; may listen to the validation."""

    def factor(self, step: int) -> float:
        """Factor at `step`, 0 at the end of the warm-up."""

    def observe(self, score: float) -> None:
        """Hear of a validation score; higher is better."""

    def state_dict(self) -> dict[str, Any]:
        """Plain numbers to go on from."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from the numbers of `state_dict`."""


SCHEDULES: Registry[Callable[..., Schedule]] = Registry("schedule")


class ClosedForm:
    """A schedule that follows from the step alone."""

    def __init__(self, span: int) -> None:
        self.span = max(1, span)

    def observe(self, score: float) -> None:
        """Nothing depends on it."""

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Nothing to restore."""

    def done(self, step: int) -> float:
        """The share of the span that lies behind, 0 to 1."""
        return min(1.0, step / self.span)


@SCHEDULES.register("constant")
class Constant(ClosedForm):
    """The peak rate all along."""

    def factor(self, step: int) -> float:
        return 1.0


@SCHEDULES.register("cosine")
class Cosine(ClosedForm):
    """Half a cosine from 1 to `final` over the span: f + (1 − f)·(1 + cos πt) / 2."""

    def __init__(self, span: int, final: float = 0.02) -> None:
        super().__init__(span)
        self.final = final

    def factor(self, step: int) -> float:
        return half_cosine(1.0, self.final, self.done(step))


@SCHEDULES.register("warm_restarts")
class WarmRestarts(ClosedForm):
    """Cosines that start anew at 1, each `growth` times as long as the one before (SGDR).

    Loshchilov & Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017.

    Args:
        span: not used; the lengths are given.
        first: steps of the first cosine, T₀.
        growth: T_mult, at least 1.
        final: factor at the end of each.
    """

    def __init__(
        self, span: int, first: int = 1000, growth: float = 2.0, final: float = 0.0
    ) -> None:
        if first < 1 or growth < 1:
            raise ValueError(f"first={first}, growth={growth}: expected at least 1 for both")
        super().__init__(span)
        self.first, self.growth, self.final = first, growth, final

    def factor(self, step: int) -> float:
        length, start = float(self.first), 0.0
        while step >= start + length:
            start += length
            length *= self.growth
        return half_cosine(1.0, self.final, (step - start) / length)


@SCHEDULES.register("cyclic")
class Cyclic(ClosedForm):
    """A triangle between `low` and 1 (Smith, "Cyclical Learning Rates", WACV 2017).

    Args:
        span: not used; the length is given.
        half_cycle: steps from `low` to 1, and as many back.
        low: factor at the start of each cycle.
    """

    def __init__(self, span: int, half_cycle: int = 500, low: float = 0.1) -> None:
        if half_cycle < 1:
            raise ValueError(f"half_cycle={half_cycle}: expected at least 1 step")
        super().__init__(span)
        self.half_cycle, self.low = half_cycle, low

    def factor(self, step: int) -> float:
        place = step / self.half_cycle % 2  # 0 low, 1 at the top, 2 low again
        return self.low + (1 - self.low) * (1 - abs(place - 1))


@SCHEDULES.register("one_cycle")
class OneCycle(ClosedForm):
    """One rise to 1 and one long fall, both half cosines (Smith & Topin, 2018).

    Args:
        span: steps of the whole cycle.
        rise: share of the span that rises.
        start: factor at the first step.
        final: factor at the last.
    """

    def __init__(
        self, span: int, rise: float = 0.3, start: float = 0.04, final: float = 4e-6
    ) -> None:
        if not 0 < rise < 1:
            raise ValueError(f"rise={rise}: expected a share between 0 and 1")
        super().__init__(span)
        self.rise, self.start, self.final = rise, start, final

    def factor(self, step: int) -> float:
        done = self.done(step)
        if done < self.rise:
            return half_cosine(self.start, 1.0, done / self.rise)
        return half_cosine(1.0, self.final, (done - self.rise) / (1 - self.rise))


@SCHEDULES.register("poly")
class Poly(ClosedForm):
    """(1 − t)^power, as in DeepLab (Chen et al., 2018)."""

    def __init__(self, span: int, power: float = 0.9) -> None:
        super().__init__(span)
        self.power = power

    def factor(self, step: int) -> float:
        return float((1 - self.done(step)) ** self.power)


@SCHEDULES.register("plateau")
class Plateau:
    """Lowered by `shrink` whenever `patience` validations in a row brought no better score.

    Args:
        span: not used; the validations decide.
        shrink: factor on the rate each time.
        patience: validations.
        final: the rate is never lowered below this factor.
    """

    def __init__(
        self, span: int, shrink: float = 0.3, patience: int = 10, final: float = 1e-3
    ) -> None:
        if not 0 < shrink < 1 or patience < 1:
            raise ValueError(
                f"shrink={shrink}, patience={patience}: expected 0 < shrink < 1 and at least one "
                f"validation"
            )
        self.shrink, self.patience, self.final = shrink, patience, final
        self.current = 1.0
        self.best = -math.inf
        self.stale = 0

    def factor(self, step: int) -> float:
        return self.current

    def observe(self, score: float) -> None:
        if score > self.best:
            self.best, self.stale = score, 0
            return
        self.stale += 1
        if self.stale >= self.patience:
            self.current = max(self.final, self.current * self.shrink)
            self.stale = 0

    def state_dict(self) -> dict[str, Any]:
        return {"current": self.current, "best": self.best, "stale": self.stale}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.current, self.best, self.stale = state["current"], state["best"], state["stale"]


def build_schedule(training: Training) -> Schedule:
    """The schedule of a recipe.

    Raises:
        RecipeError: unknown, or it refuses its parameters.
    """
    span = training.max_steps - training.warmup_steps
    schedule: Schedule = SCHEDULES.build(training.schedule.name, training.schedule.params, span)
    return schedule


def learning_rate(training: Training, schedule: Schedule, step: int) -> float:
    """A linear warm-up to the peak, then the schedule."""
    if step < training.warmup_steps:
        return training.learning_rate * (step + 1) / training.warmup_steps
    return training.learning_rate * schedule.factor(step - training.warmup_steps)


def half_cosine(start: float, end: float, done: float) -> float:
    """From `start` to `end` along half a cosine, `done` in 0 to 1."""
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * done))
