"""The section `training`: how the weights are found."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from vocalsep.recipe.mixing import Mixing
from vocalsep.recipe.part import Part, check

PRECISIONS = ("auto", "bf16", "fp16", "fp32")


@dataclass(frozen=True)
class Adversary:
    """Critics of the estimates, fed with sources that belong to no known mixture.

    Stoller, Ewert, Dixon, "Adversarial Semi-Supervised Audio Source Separation", ICASSP 2018.
    """

    mixing: Mixing = field(default_factory=Mixing)  # of the unpaired sources
    weight: float = 1e-3  # α, of what the critics say in the separator's loss
    consistency: float = 1e-3  # β, of the squared distance of mixture and sum of estimates
    penalty: float = 10.0  # of critics steeper than 1 (WGAN-GP)
    critic_steps: int = 5  # of the critics for each of the separator
    learning_rate: float = 5e-5  # of the critics, Adam
    critic: Part = field(default_factory=lambda: Part("strided"))

    def __post_init__(self) -> None:
        for key in ("weight", "consistency", "penalty"):
            value = getattr(self, key)
            check(f"training.adversary.{key}", value, 0 <= value < math.inf, "0 or more")
        steps, rate = self.critic_steps, self.learning_rate
        check("training.adversary.critic_steps", steps, steps >= 1, "at least 1")
        check("training.adversary.learning_rate", rate, 0 < rate < math.inf, "more than 0")


@dataclass(frozen=True)
class Training:
    """How the weights are found."""

    batch_size: int = 16  # examples per step, over all processes
    accumulate: int = 1  # pieces a process cuts its share of the batch into, to save memory
    max_steps: int = 10_000
    optimizer: Part = field(default_factory=lambda: Part("adamw"))
    learning_rate: float = 1e-3  # peak, after warm-up
    rates: dict[str, float] = field(default_factory=dict)  # name prefix -> factor of the rate
    schedule: Part = field(default_factory=lambda: Part("cosine"))  # of the rate, after warm-up
    warmup_steps: int = 200
    weight_decay: float = 1e-2
    clip_norm: float = 1.0  # gradients are scaled down to this norm
    ema_decay: float = 0.999  # of the averaged weights that are validated and shipped
    precision: str = "auto"  # auto | bf16 | fp16 | fp32, of the network
    loss: Part = field(default_factory=lambda: Part("magnitude_l1"))
    adversary: Adversary | None = None  # none: training is supervised
    log_every: int = 20  # steps
    validate_every: int = 250  # steps; also writes a checkpoint
    patience: int = 0  # validations without a better score before training stops; 0: never
    keep_states: int = 2  # checkpoints that are kept, the last ones
    max_bad_steps: int = 20  # non-finite steps in a row before training stops
    workers: int = 1  # loader processes; the examples do not depend on it

    def __post_init__(self) -> None:
        precision = self.precision
        check("training.precision", precision, precision in PRECISIONS, "auto, bf16, fp16 or fp32")
        at_least_1 = ("batch_size", "max_steps", "log_every", "validate_every", "accumulate")
        for key in (*at_least_1, "keep_states", "max_bad_steps"):
            value = getattr(self, key)
            check(f"training.{key}", value, value >= 1, "at least 1")
        for key in ("warmup_steps", "weight_decay", "patience", "workers"):
            value = getattr(self, key)
            check(f"training.{key}", value, value >= 0, "0 or more")
        for key in ("learning_rate", "clip_norm"):
            value = getattr(self, key)
            check(f"training.{key}", value, value > 0, "more than 0")
        decay = self.ema_decay
        check("training.ema_decay", decay, 0 <= decay < 1, "0 to just below 1")
        positive = all(0 <= factor < math.inf for factor in self.rates.values())
        check("training.rates", self.rates, positive, "factors of 0 or more")
