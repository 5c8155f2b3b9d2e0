"""Find a learning rate: raise it exponentially and see where the loss falls fastest.

Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017, with the smoothing and
the stop at four times the best loss that became usual since.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from vocalsep.errors import DataError
from vocalsep.training.log import Meter
from vocalsep.training.trainer import Trainer

LOWEST, HIGHEST = 1e-7, 10.0  # rates
SMOOTHING = 0.9  # of the running mean of the loss
STOP = 4.0  # times the best smoothed loss


@dataclass(frozen=True)
class Sweep:
    """What was seen.

    Attributes:
        rates: tried, ascending.
        losses: smoothed, after the step of each rate.
    """

    rates: list[float]
    losses: list[float]

    @property
    def suggested(self) -> float:
        """The rate at which the smoothed loss falls fastest over log(rate)."""
        falls = [
            (after - before, rate)
            for before, after, rate in zip(
                self.losses, self.losses[1:], self.rates[1:], strict=False
            )
        ]
        return min(falls)[1]

    def __str__(self) -> str:
        """A table of at most 20 rows."""
        rows = list(zip(self.rates, self.losses, strict=True))[:: max(1, len(self.rates) // 20)]
        return "\n".join(["rate     smoothed loss", *(f"{r:.1e}  {loss:.4f}" for r, loss in rows)])


def find_learning_rate(trainer: Trainer[Any, Any], n_steps: int = 100) -> Sweep:
    """Try n_steps rates from 1e-7 to 10, then put everything back exactly as it was.

    Raises:
        DataError: the loss is not finite from the start, so nothing can be said.
    """
    before = copy.deepcopy(trainer.state_dict())
    was_enabled, trainer.log.enabled = trainer.log.enabled, False
    rates, losses, mean = [], [], 0.0
    batches = trainer.task.batches(trainer.at.step, trainer.world)
    try:
        for number, rate in enumerate(sweep_rates(n_steps)):
            meter = Meter()
            trainer.train_step(meter.timed(batches), meter, rate)
            loss = meter.losses[-1]
            if not math.isfinite(loss):
                break
            mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
            rates.append(rate)
            losses.append(mean / (1 - SMOOTHING ** (number + 1)))
            best = min(losses)
            if losses[-1] - best > (STOP - 1) * abs(best):
                break
    finally:
        trainer.load_state_dict(before)
        trainer.log.enabled = was_enabled
    if len(losses) < 3:
        raise DataError("the loss is not finite at the lowest rates: look for NaN in the data")
    return Sweep(rates, losses)


def sweep_rates(n_steps: int) -> Iterator[float]:
    """n_steps rates, equally far apart in their logarithm."""
    growth = (HIGHEST / LOWEST) ** (1 / max(1, n_steps - 1))
    for number in range(n_steps):
        yield LOWEST * growth**number
