"""What pictures, videos and volumes share: outputs planned first, made from one pass of rows."""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vocalsep import __version__
from vocalsep.audio._output_file import output_error
from vocalsep.errors import UnreadablePicture
from vocalsep.inference.cancel import CancelToken
from vocalsep.inference.events import StepCallback
from vocalsep.inference.manifest import (
    MANIFEST_NAME,
    Entry,
    add_entry,
    file_sha256,
    is_up_to_date,
)
from vocalsep.segmentation.options import SegmentOptions
from vocalsep.segmentation.predict import Predictor

_SHOWN_CLASSES = 3


@dataclass(frozen=True)
class SegmentJob:
    """One source and what will be written for it; see `inference.events.Planned`.

    Attributes:
        source: the file.
        shape: of what is in it, in pixels, e.g. (H, W).
        n_rows: lines of pixels in all, None if nobody knows.
        outputs: final paths by what they are: "labels", "overlay", "contours", …
    """

    source: Path
    shape: tuple[int, ...]
    n_rows: int | None
    outputs: dict[str, Path]

    @property
    def name(self) -> str:
        """The source's path."""
        return str(self.source)

    @property
    def length(self) -> float | None:
        """Lines of pixels."""
        return self.n_rows

    @property
    def size(self) -> str:
        """For people: width first, as everybody says it."""
        return f"{' × '.join(map(str, reversed(self.shape)))} pixels"

    @property
    def notes(self) -> tuple[str, ...]:
        """Nothing is converted."""
        return ()

    def facts(self) -> dict[str, Any]:
        """What programs are told."""
        return {"shape": self.shape}


@dataclass(frozen=True)
class Lines:
    """How far one picture is; see `inference.events.Step`."""

    source: str
    done: float  # lines of pixels
    total: int | None

    @property
    def remark(self) -> str:
        """Nothing is done twice."""
        return ""

    def facts(self) -> dict[str, Any]:
        """What programs are told."""
        return {"source": self.source, "done": self.done, "total": self.total}


@dataclass(frozen=True)
class Segmented:
    """What became of one picture; see `inference.events.Outcome`.

    Attributes:
        shares: part of the pixels that each class has, 0…1.
        seconds: time it took.
    """

    source: str
    outputs: dict[str, Path]
    shares: dict[str, float]
    seconds: float
    warnings: tuple[str, ...] = ()

    def line(self) -> str:
        """The classes there is most of, and where the outputs are."""
        most = sorted(self.shares.items(), key=lambda item: -item[1])[:_SHOWN_CLASSES]
        seen = ", ".join(f"{name} {share:.0%}" for name, share in most)
        outputs = ", ".join(map(str, self.outputs.values()))
        return f"{self.source}: {seen} in {self.seconds:.1f} s → {outputs}"

    def facts(self) -> dict[str, Any]:
        """What programs are told; warnings have their own events."""
        facts = asdict(self)
        del facts["warnings"]
        return facts


class SegmentWork(ABC):
    """One source on its way to labels; see `inference.session.Work`.

    Args:
        job: the source and its outputs.
        options: of the command.
        predictor: the model.
    """

    def __init__(self, job: SegmentJob, options: SegmentOptions, predictor: Predictor) -> None:
        self.job = job
        self._options = options
        self._predictor = predictor
        self.warnings: list[str] = []  # what `build` has to say

    @abstractmethod
    def build(self, told: Callable[[float], None]) -> npt.NDArray[np.int64]:
        """Write all outputs.

        Args:
            told: hears which part of the work is done, 0…1, and stops it if it is to stop.

        Returns:
            (K) how many pixels each class has.
        """

    def is_up_to_date(self) -> bool:
        """Whether the manifest lists the very same."""
        return is_up_to_date(self._manifest, self._entry())

    def run(self, progress: StepCallback, cancel: CancelToken) -> Segmented:
        """Segment it and write the outputs and their entry in the manifest.

        Raises:
            UnreadablePicture: the source cannot be read.
            OutputError: an output cannot be written; those that are there are whole.
            Cancelled: the token was set.
        """
        start = time.perf_counter()
        entry = self._entry()
        total = self.job.n_rows

        def told(part: float) -> None:
            cancel.check()
            progress(Lines(self.job.name, part * (total or 0), total))

        try:
            for output in self.job.outputs.values():
                output.parent.mkdir(parents=True, exist_ok=True)
            counts = self.build(told)
        except OSError as error:
            raise output_error(self._manifest.parent, error) from error
        add_entry(self._manifest, entry)
        classes = self._predictor.classes
        whole = max(int(counts.sum()), 1)
        shares = {
            name: round(int(n) / whole, 6) for name, n in zip(classes, counts, strict=True) if n
        }
        seconds = round(time.perf_counter() - start, 3)
        warnings = tuple(self.warnings)
        return Segmented(self.job.name, self.job.outputs, shares, seconds, warnings)

    @property
    def _manifest(self) -> Path:
        return next(iter(self.job.outputs.values())).parent / MANIFEST_NAME

    def _entry(self) -> Entry:
        """What the manifest says of this job once it is done.

        Raises:
            UnreadablePicture: the source is gone.
        """
        try:
            digest = file_sha256(self.job.source)
        except OSError as error:
            reason = f"cannot be read: {error.strerror}"
            raise UnreadablePicture(f"{self.job.source}: {reason}") from error
        folder = self._manifest.parent
        outputs = {
            kind: Path(os.path.relpath(path, folder)).as_posix()
            for kind, path in self.job.outputs.items()
        }
        return Entry(
            source=self.job.source.name,
            input_sha256=digest,
            model=self._predictor.name,
            model_sha256=self._predictor.sha256,
            options=_told_apart(self._options),
            gain=1.0,
            outputs=outputs,
            stems=list(self._predictor.classes),
        )


def _told_apart(options: SegmentOptions) -> dict[str, Any]:
    """The options that make a difference to the outputs, as JSON has them."""
    predict = asdict(options.predict)
    predict["scales"] = list(options.predict.scales)
    write = {"legend": options.write.legend, "probabilities": options.write.probabilities}
    return {**predict, **write, "contours": options.write.contours, "vocalsep": __version__}


def counted(labels: npt.NDArray[np.uint8], n_classes: int) -> npt.NDArray[np.int64]:
    """(K) how many pixels each class has."""
    return np.bincount(labels.ravel(), minlength=n_classes)
