"""The training loop, top to bottom.

A run folder holds:
    recipe.json           the resolved recipe
    log.jsonl             one JSON line a log interval, validation or warning
    state.safetensors     everything needed to go on exactly where it stopped
    last.safetensors      the averaged weights as a model file
    best.safetensors      the same at the best validation score
"""

from __future__ import annotations

import json
import math
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vocalsep.data.loader import Batch, batches
from vocalsep.errors import ModelError, OutputError, RecipeError
from vocalsep.evaluation.score import Scores, score
from vocalsep.evaluation.songs import Song, load_songs
from vocalsep.models.checkpoint import save_model
from vocalsep.models.load import load_named
from vocalsep.models.separator import MaskSeparator
from vocalsep.recipe import Recipe, recipe_to_json
from vocalsep.training.losses import LOSSES
from vocalsep.training.state import load_state, save_state

FINAL_RATE = 0.02  # of the peak learning rate, reached at max_steps
MAX_BAD_STEPS = 20  # non-finite steps in a row before giving up
Report = Callable[[str], None]


class Trainer:
    """Trains the separator of a recipe.

    Args:
        recipe: what to train, on what, and how.
        run: folder of the run; goes on from its state when there is one.
        report: called with a line of text now and then.

    Raises:
        RecipeError: a part is unknown or refuses its parameters, or the target is not the voice.
    """

    def __init__(self, recipe: Recipe, run: Path, report: Report) -> None:
        if recipe.targets != ["vocals"]:
            raise RecipeError(f"targets is {recipe.targets}: training draws voices, use [vocals]")
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.run_folder = run
        self.report = report
        self.separator = MaskSeparator(recipe)
        self.separator.use_channels_last()
        self.average = {k: w.clone() for k, w in self.separator.state_dict().items()}
        self.loss = LOSSES.build(recipe.training.loss.name, recipe.training.loss.params)
        self.optimizer = torch.optim.AdamW(
            self.separator.parameters(),
            lr=recipe.training.learning_rate,
            weight_decay=recipe.training.weight_decay,
        )
        self.step = 0
        self.best = -math.inf
        self.seconds = 0.0
        self.bad_steps = 0
        self._stop = False

    def run(self) -> None:
        """Train up to max_steps; SIGTERM and Ctrl-C write the state and return.

        Raises:
            DataError: bank or validation songs are missing or inconsistent.
            ModelError: the run's state belongs to another recipe, or the loss stays non-finite.
            OutputError: the run folder cannot be written; the last state in it is kept.
        """
        self._write("recipe.json", recipe_to_json(self.recipe))
        validation = self.recipe.validation
        rate = self.recipe.audio.sample_rate
        songs = load_songs(validation.songs, self.recipe.stems, rate, validation.seconds)
        if self._state_file.exists():
            self._resume()
        settings = self.recipe.training
        losses: list[float] = []
        waited = 0.0
        mark = time.monotonic()
        with self._stopping_on_signals():
            loader = batches(self.recipe, self.step)
            while self.step < settings.max_steps and not self._stop:
                started = time.monotonic()
                batch = next(loader)
                waited += time.monotonic() - started
                losses.append(self._train_step(batch))
                self.step += 1
                if self.step % settings.log_every == 0:
                    elapsed = time.monotonic() - mark
                    self._log_training(losses, elapsed, waited)
                    losses, waited, mark = [], 0.0, time.monotonic()
                if self.step % settings.validate_every == 0 or self.step == settings.max_steps:
                    self._validate(songs)
                    mark = time.monotonic()
        self._save_state()
        self.report(f"stopped at step {self.step} of {settings.max_steps}")

    def start_from(self, name_or_path: str) -> None:
        """Take the weights of a model as the start of training.

        Raises:
            ModelError: unknown or damaged model, another architecture, or a run that has begun.
        """
        if self._state_file.exists():
            raise ModelError(
                f"{self._state_file} holds a run that has begun: start from {name_or_path} in a "
                f"new run folder, or leave --init out to go on"
            )
        separator, card = load_named(name_or_path)
        try:
            self.separator.load_state_dict(separator.state_dict())
        except RuntimeError as error:
            raise ModelError(
                f"{name_or_path} has another architecture than this recipe; "
                f"its backbone is {card.recipe.backbone}"
            ) from error
        self.average = {k: w.clone() for k, w in self.separator.state_dict().items()}

    def _train_step(self, batch: Batch) -> float:
        """Forward, loss, backward, optimiser, average. Returns the loss."""
        settings = self.recipe.training
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.recipe, self.step)
        self.separator.train()
        loss = self._loss(batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.separator.parameters(), settings.clip_norm)
        if not torch.isfinite(norm):
            self._skip_bad_step(float(loss.detach()))
            return math.nan
        self.bad_steps = 0
        self.optimizer.step()
        self._update_average()
        return float(loss.detach())

    def _loss(self, batch: Batch) -> Tensor:
        sources, band_hz = batch  # (B, 2, C, N), (B,)
        stft = self.separator.stft
        n_bins = self.separator.n_bins
        with torch.no_grad():
            spectra = stft.analyse(sources.flatten(0, 1))[..., :n_bins, :]
            spectra = spectra.unflatten(0, sources.shape[:2])  # (B, 2, C, F', T)
            mixture = spectra.sum(1)  # (B, C, F', T)
            bin_hz = self.separator.sample_rate / stft.n_fft
            bins = torch.arange(n_bins) * bin_hz
            valid = (bins < band_hz[:, None])[:, None, :, None]  # (B, 1, F', 1)
        bf16 = self.recipe.training.precision == "bf16"
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            masks = self.separator.masks(mixture)
        loss: Tensor = self.loss(masks, mixture, spectra, valid)
        return loss

    def _update_average(self) -> None:
        # Early on a long average would be stuck at the random start.
        decay = min(self.recipe.training.ema_decay, (1 + self.step) / (10 + self.step))
        for name, value in self.separator.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value, 1 - decay)
            else:
                self.average[name].copy_(value)

    def _skip_bad_step(self, loss: float) -> None:
        self.bad_steps += 1
        self._log({"step": self.step, "warning": "non-finite gradient, step skipped", "loss": loss})
        if self.bad_steps >= MAX_BAD_STEPS:
            raise ModelError(
                f"{MAX_BAD_STEPS} steps in a row were not finite at step {self.step}; lower "
                f"training.learning_rate, or look for NaN in the data; the last state is kept"
            )

    def _log_training(self, losses: list[float], elapsed: float, waited: float) -> None:
        settings = self.recipe.training
        self.seconds += elapsed
        mixing, audio = self.recipe.mixing, self.recipe.audio
        heard_s = len(losses) * settings.batch_size * mixing.segment_frames * audio.hop_length
        finite = [loss for loss in losses if math.isfinite(loss)]
        record = {
            "step": self.step,
            "loss": round(sum(finite) / max(1, len(finite)), 5),
            "learning_rate": learning_rate(self.recipe, self.step),
            "x_real_time": round(heard_s / audio.sample_rate / elapsed, 1),
            "data_wait_percent": round(100 * waited / elapsed, 1),
            "seconds": round(self.seconds, 1),
        }
        self._log(record)
        self.report(
            f"step {self.step}/{settings.max_steps}  loss {record['loss']:.4f}  "
            f"{record['x_real_time']}× real time  data wait {record['data_wait_percent']} %"
        )

    def _validate(self, songs: list[Song]) -> None:
        """Score the averaged weights, keep the best, write the state."""
        trained = {k: w.clone() for k, w in self.separator.state_dict().items()}
        self.separator.load_state_dict(self.average)
        self.separator.eval()
        scores = {song.name: self._score(song) for song in songs}
        self.separator.load_state_dict(trained)
        mean = sum(s["vocals"] for s in scores.values()) / max(1, len(scores))
        self._log({"step": self.step, "validation": scores, "mean_vocals_sdr_db": mean})
        self._save_model("last.safetensors", scores)
        if mean > self.best or not songs:
            self.best = mean
            self._save_model("best.safetensors", scores)
        self._save_state()
        listed = "  ".join(f"{name} {s['vocals']:.2f}" for name, s in scores.items())
        self.report(f"step {self.step}  vocals SDR: mean {mean:.2f} dB  {listed}")

    @torch.inference_mode()
    def _score(self, song: Song) -> Scores:
        """In pieces of the chunk length without overlap: quick, and a little pessimistic."""
        mixture = torch.from_numpy(song.mixture)  # (C, N)
        pieces = mixture.split(self.separator.chunk_samples, dim=-1)
        estimates = [self.separator(piece.unsqueeze(0))[0, 0] for piece in pieces]
        vocals = torch.cat(estimates, dim=-1)
        stems = (vocals.numpy(), (mixture - vocals).numpy())
        return score(song, dict(zip(self.recipe.stems, stems, strict=True)))

    def _save_model(self, name: str, scores: dict[str, Scores]) -> None:
        settings = self.recipe.training
        provenance = {
            "step": self.step,
            "examples": self.step * settings.batch_size,
            "training_seconds": round(self.seconds),
        }
        save_model(self.run_folder / name, self.recipe, self.average, scores, provenance)

    def _save_state(self) -> None:
        progress = {"step": self.step, "best": self.best, "seconds": self.seconds}
        save_state(self._state_file, self.separator, self.average, self.optimizer, progress)

    def _resume(self) -> None:
        progress = load_state(self._state_file, self.separator, self.average, self.optimizer)
        self.step = int(progress["step"])
        self.best = progress["best"]
        self.seconds = progress["seconds"]
        self.report(f"going on at step {self.step}")

    @property
    def _state_file(self) -> Path:
        return self.run_folder / "state.safetensors"

    def _log(self, record: dict[str, Any]) -> None:
        self._write("log.jsonl", json.dumps(record) + "\n", mode="a")

    def _write(self, name: str, text: str, mode: str = "w") -> None:
        path = self.run_folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open(mode, encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise OutputError(f"{path}: cannot be written: {error.strerror}") from error

    @contextmanager
    def _stopping_on_signals(self) -> Iterator[None]:
        """The first SIGTERM or Ctrl-C ends the loop after the current step."""

        def stop(signum: int, frame: object) -> None:
            self._stop = True

        signals = (signal.SIGTERM, signal.SIGINT)
        previous = {s: signal.signal(s, stop) for s in signals}
        try:
            yield
        finally:
            for s, handler in previous.items():
                signal.signal(s, handler)


def learning_rate(recipe: Recipe, step: int) -> float:
    """Linear warm-up to the peak, then a half cosine down to FINAL_RATE of it."""
    settings = recipe.training
    if step < settings.warmup_steps:
        return settings.learning_rate * (step + 1) / settings.warmup_steps
    span = max(1, settings.max_steps - settings.warmup_steps)
    done = min(1.0, (step - settings.warmup_steps) / span)
    cosine = 0.5 * (1 + math.cos(math.pi * done))
    return settings.learning_rate * (FINAL_RATE + (1 - FINAL_RATE) * cosine)
