"""What a run tells: one JSON line an event, and TensorBoard if asked."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from vocalsep.errors import OutputError, RecipeError
from vocalsep.training.task import Exhibit


class Log:
    """Writes log.jsonl, and TensorBoard's files beside it.

    Args:
        folder: of the run.
        enabled: False for the processes that do not write.
        tensorboard: also write for TensorBoard.

    Raises:
        RecipeError: TensorBoard is asked for and not installed.
    """

    def __init__(self, folder: Path, enabled: bool = True, tensorboard: bool = False) -> None:
        self.path = folder / "log.jsonl"
        self.enabled = enabled
        self._board = _tensorboard(folder) if tensorboard and enabled else None

    def write(self, record: Mapping[str, Any]) -> None:
        """Add a line; its numbers become curves over record["step"].

        Raises:
            OutputError: it cannot be written.
        """
        if not self.enabled:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written: {error.strerror}") from error
        if self._board is not None:
            for name, value in _numbers(record):
                self._board.add_scalar(name, value, record["step"])

    def show(self, step: int, exhibits: Iterable[Exhibit]) -> None:
        """Pictures and sounds, for TensorBoard only; without it nothing is made."""
        if self._board is None:
            return
        for each in exhibits:
            if each.sample_rate is None:
                self._board.add_image(each.tag, each.data, step)
            else:
                loudest = max(1.0, float(abs(each.data).max(initial=0.0)))
                sound = each.data.mean(0, keepdims=True) / loudest  # TensorBoard plays mono
                self._board.add_audio(each.tag, sound, step, each.sample_rate)
        self._board.flush()

    def close(self) -> None:
        """Finish TensorBoard's files."""
        if self._board is not None:
            self._board.close()


class Meter:
    """Losses and times since the last record."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.extra: dict[str, float] = {}
        self.waited = 0.0  # seconds for data
        self.worked = 0.0  # seconds in steps

    def timed(self, batches: Iterator[Any]) -> Any:
        """The next batch; the wait for it is noted."""
        started = time.monotonic()
        batch = next(batches)
        self.waited += time.monotonic() - started
        return batch

    def note(self, loss: float, extra: Mapping[str, float], seconds: float) -> None:
        """One step is done."""
        self.losses.append(loss)
        self.extra.update({name: value for name, value in extra.items() if math.isfinite(value)})
        self.worked += seconds

    @property
    def seconds(self) -> float:
        """Time since the last record, validations left out."""
        return self.waited + self.worked

    def record(self) -> dict[str, float]:
        """The mean loss over finite steps and the share of time spent waiting for data."""
        finite = [loss for loss in self.losses if math.isfinite(loss)]
        mean = {"loss": round(sum(finite) / len(finite), 5)} if finite else {}
        return {
            **mean,
            **{name: round(value, 5) for name, value in self.extra.items()},
            "data_wait_percent": round(100 * self.waited / max(self.seconds, 1e-9), 1),
        }


def _numbers(record: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """All numbers of a record but its step, by their path."""
    for name, value in record.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{prefix}{name}/")
        elif isinstance(value, int | float) and not isinstance(value, bool) and name != "step":
            yield f"{prefix}{name}", float(value)


def _tensorboard(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise RecipeError(
            "TensorBoard is not installed: pip install 'vocalsep[train]', or leave out "
            "--tensorboard"
        ) from error
    return SummaryWriter(str(folder / "tensorboard"))
