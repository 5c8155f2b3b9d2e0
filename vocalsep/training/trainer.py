"""The training loop, top to bottom; it knows nothing of audio or pictures (see task.py).

A run folder holds:
    recipe.json           the resolved recipe
    log.jsonl             one JSON line a log interval, validation or warning
    states/               the last checkpoints: everything needed to go on exactly where it stopped
    last.safetensors      the averaged weights as a model file
    best.safetensors      the same at the best validation score
    bad-step-*            the batch that broke a step, if so many did that training stopped
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic

from vocalsep.errors import ModelError
from vocalsep.models.checkpoint import write_tensors
from vocalsep.recipe import Training
from vocalsep.training.checkpoints import Checkpoints
from vocalsep.training.ema import Average
from vocalsep.training.gradients import Gradients
from vocalsep.training.log import Log, Meter
from vocalsep.training.optimisers import build_optimiser, set_rate
from vocalsep.training.reporter import Reporter
from vocalsep.training.rng import get_rng_state, seed_rank, set_rng_state
from vocalsep.training.run_folder import begin_run
from vocalsep.training.schedules import build_schedule, learning_rate
from vocalsep.training.start import take_weights
from vocalsep.training.stopping import Stopping
from vocalsep.training.task import BatchT, PieceT, Task, Validation
from vocalsep.training.world import World


@dataclass
class Progress:
    """Where a run is.

    Attributes:
        step: steps that are done.
        seconds: time spent in steps and in waiting for data.
        best: highest validation score.
        stale: validations since then.
        bad_steps: steps in a row, up to the last, that were not finite.
    """

    step: int = 0
    seconds: float = 0.0
    best: float = -math.inf
    stale: int = 0
    bad_steps: int = 0


class Trainer(Generic[BatchT, PieceT]):
    """Trains the network of a task.

    Args:
        task: network, data, loss and validation.
        training: how the weights are found.
        run: folder of the run; goes on from its newest state when there is one.
        reporter: told what happens.
        world: the processes that train together; only rank 0 writes.
        tensorboard: also write for TensorBoard.

    Raises:
        RecipeError: a part is unknown or refuses its parameters.
    """

    def __init__(
        self,
        task: Task[BatchT, PieceT],
        training: Training,
        run: Path,
        reporter: Reporter,
        world: World,
        tensorboard: bool = False,
    ) -> None:
        self.task = task
        self.training = training
        self.run_folder = run
        self.reporter = reporter
        self.world = world
        self.log = Log(run, world.writes, tensorboard)
        self.checkpoints = Checkpoints(run, training.keep_states)
        self.optimiser = build_optimiser(task.network, training)
        self.schedule = build_schedule(training)
        self.average = Average(task.network, training.ema_decay)
        self.gradients = Gradients(task, training.precision, world)
        self.at = Progress()
        seed_rank(world)

    def run(self) -> None:
        """Train up to max_steps, or until validation has not improved for `patience` times.

        SIGTERM and Ctrl-C write the state and return.

        Raises:
            DataError: data are missing or inconsistent.
            ModelError: the run's state is damaged, or the loss stays non-finite.
            OutputError: the run folder cannot be written; the last state in it is kept.
            RecipeError: the folder holds a run of another recipe.
        """
        begin_run(self.checkpoints, self.task.describe(), self.world)
        self.resume()
        training, saved_at = self.training, self.at.step
        meter = Meter()
        batches = self.task.batches(self.at.step, self.world)
        with Stopping() as stopping:
            while not (self.is_done or self.world.any(stopping.asked)):
                self.train_step(meter.timed(batches), meter)
                if self.at.step % training.log_every == 0:
                    self._log_training(meter)
                    meter = Meter()
                last = self.at.step == training.max_steps
                if self.at.step % training.validate_every == 0 or last:
                    self._validate()
                    saved_at = self.at.step
        if saved_at != self.at.step:
            self._save_state()
        stale = f", {self.at.stale} validations after the best" if self.at.stale else ""
        self._report(f"stopped at step {self.at.step} of {training.max_steps}{stale}")

    @property
    def is_done(self) -> bool:
        """Whether max_steps are done, or the score has not risen for `patience` validations."""
        training, at = self.training, self.at
        return at.step >= training.max_steps or 0 < training.patience <= at.stale

    def start_from(self, name_or_path: str) -> None:
        """Take what fits of the weights of a model as the start of training.

        Raises:
            ModelError: unknown or damaged model, nothing fits, or the run has begun.
        """
        if self.checkpoints.steps():
            raise ModelError(
                f"{self.run_folder} holds a run that has begun: start from {name_or_path} in a "
                f"new run folder, or leave --init out to go on"
            )
        taken = take_weights(self.task.network, self.task.model(name_or_path), name_or_path)
        self.average.restart()
        self._report(f"{name_or_path}: {taken}")

    def train_step(self, batch: BatchT, meter: Meter, rate: float | None = None) -> None:
        """One step: gradients of the batch, optimiser, average.

        Args:
            batch: this process's share of the examples.
            meter: is told the loss and the time.
            rate: learning rate; None: that of the schedule.
        """
        started = time.monotonic()
        set_rate(self.optimiser, self.rate() if rate is None else rate)
        self.task.network.train()
        pieces = self.task.pieces(batch, self.training.accumulate)
        extra = self.task.before_step(pieces, self.world)
        loss = float(self.gradients.compute(pieces, self.optimiser))
        norm = self.gradients.clip(self.optimiser, self.training.clip_norm)
        if math.isfinite(norm) and math.isfinite(loss):
            self.gradients.step(self.optimiser)
            self.average.update(self.at.step)
            self.at.bad_steps = 0
        else:
            self._skip_step(pieces, loss)
        self.at.step += 1
        meter.note(loss, {**extra, "gradient_norm": norm}, time.monotonic() - started)
        self.reporter.progress(self.at.step, self.training.max_steps)

    def rate(self) -> float:
        """The learning rate of the step to come."""
        return learning_rate(self.training, self.schedule, self.at.step)

    def resume(self) -> None:
        """Go on from the newest state, if there is one.

        Raises:
            ModelError: it is damaged or belongs to another network.
        """
        tree = self.checkpoints.newest()
        if tree is None:
            return
        try:
            self.load_state_dict(tree)
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise ModelError(
                f"{self.checkpoints.folder}: cannot resume from it ({reason}); start a new run "
                f"folder"
            ) from error
        self._report(f"going on at step {self.at.step}")

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next step depends on, but the data: those follow from the step."""
        return {
            "network": self.task.network.state_dict(),
            "average": self.average.weights,
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "scaler": self.gradients.scaler.state_dict(),
            "task": self.task.state_dict(),
            "rng": self.world.gather(get_rng_state(self.task.device)),
            "progress": asdict(self.at),
        }

    def load_state_dict(self, tree: Mapping[str, Any]) -> None:
        """Go on from `state_dict`."""
        self.task.network.load_state_dict(tree["network"])
        self.average.load_state_dict(tree["average"])
        self.optimiser.load_state_dict(tree["optimiser"])
        self.schedule.load_state_dict(tree["schedule"])
        self.gradients.scaler.load_state_dict(tree["scaler"])
        self.task.load_state_dict(tree["task"])
        self.at = Progress(**tree["progress"])
        if len(tree["rng"]) == self.world.size:
            set_rng_state(tree["rng"][self.world.rank], self.task.device)

    def _skip_step(self, pieces: Sequence[PieceT], loss: float) -> None:
        """Leave the weights as they are; too many such steps in a row end the training."""
        self.gradients.skip()
        self.at.bad_steps += 1
        self.log.write({"step": self.at.step, "warning": f"step skipped, the loss is {loss:g}"})
        if self.at.bad_steps < self.training.max_bad_steps:
            return
        dump = f"bad-step-{self.at.step}-rank-{self.world.rank}.safetensors"
        write_tensors(self.run_folder / dump, self.task.tensors(pieces), {})
        raise ModelError(
            f"{self.at.bad_steps} steps in a row were not finite at step {self.at.step}; the last "
            f"batch is in {self.run_folder / dump}: look for NaN in it, or lower "
            f"training.learning_rate; the last state is kept"
        )

    def _log_training(self, meter: Meter) -> None:
        training = self.training
        self.at.seconds += meter.seconds
        record = {
            "step": self.at.step,
            **meter.record(),
            "learning_rate": self.optimiser.param_groups[0]["lr"],
            **self.task.speed(len(meter.losses) * training.batch_size / meter.seconds),
            "seconds": round(self.at.seconds, 1),
        }
        self.log.write(record)
        shown = "  ".join(f"{k} {v:g}" for k, v in record.items() if k not in ("step", "seconds"))
        self._report(f"step {self.at.step}/{training.max_steps}  {shown}")

    def _validate(self) -> None:
        """Score the averaged weights, keep the best, write the state."""
        self.world.share_out(self.average.weights)
        with self.average.in_place():
            validation = self.task.validate(self.world)
            self.log.show(self.at.step, self.task.exhibits())
        score = validation.score
        self.log.write(
            {"step": self.at.step, "validation": validation.scores, validation.metric: score}
        )
        self._save_model("last.safetensors", validation)
        if score is None or score > self.at.best:
            self.at.best = self.at.best if score is None else score
            self.at.stale = 0
            self._save_model("best.safetensors", validation)
        else:
            self.at.stale += 1
        if score is not None:
            self.schedule.observe(score)
            self._report(f"step {self.at.step}  {validation.metric} {score:.2f}")
        self._save_state()

    def _save_model(self, name: str, validation: Validation) -> None:
        if self.world.writes:
            facts = {
                "step": self.at.step,
                "examples": self.at.step * self.training.batch_size,
                "training_seconds": round(self.at.seconds),
            }
            path = self.run_folder / name
            self.task.save(path, self.average.weights, validation.scores, facts)

    def _save_state(self) -> None:
        tree = self.state_dict()
        if self.world.writes:
            self.checkpoints.write(self.at.step, tree)

    def _report(self, text: str) -> None:
        if self.world.writes:
            self.reporter.line(text)
