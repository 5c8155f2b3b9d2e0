"""The section `training`: how the weights are found."""

from __future__ import annotations

from dataclasses import dataclass, field

from vocalsep.recipe.part import Part, check


@dataclass(frozen=True)
class Training:
    """How the weights are found."""

    batch_size: int = 16  # examples per step
    max_steps: int = 10_000
    learning_rate: float = 1e-3  # peak, after warm-up; decays to a fiftieth by a cosine
    warmup_steps: int = 200
    weight_decay: float = 1e-2
    clip_norm: float = 1.0  # gradients are scaled down to this norm
    ema_decay: float = 0.999  # of the averaged weights that are validated and shipped
    precision: str = "bf16"  # bf16 | fp32
    loss: Part = field(default_factory=lambda: Part("magnitude_l1"))
    log_every: int = 20  # steps
    validate_every: int = 250  # steps; also writes a checkpoint
    workers: int = 1  # loader processes; the examples do not depend on it

    def __post_init__(self) -> None:
        precision = self.precision
        check("training.precision", precision, precision in ("bf16", "fp32"), "bf16 or fp32")
        for key in ("batch_size", "max_steps", "log_every", "validate_every"):
            value = getattr(self, key)
            check(f"training.{key}", value, value >= 1, "at least 1")
        for key in ("warmup_steps", "weight_decay", "workers"):
            value = getattr(self, key)
            check(f"training.{key}", value, value >= 0, "0 or more")
        for key in ("learning_rate", "clip_norm"):
            value = getattr(self, key)
            check(f"training.{key}", value, value > 0, "more than 0")
        decay = self.ema_decay
        check("training.ema_decay", decay, 0 <= decay < 1, "0 to just below 1")
