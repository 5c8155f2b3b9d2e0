"""What is evaluated: models that segment, folders of label maps, and an anchor."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vocalsep.data.pictures.pair import Pair
from vocalsep.errors import DataError
from vocalsep.images.labels import read_labels
from vocalsep.images.read import SUFFIXES, probe_picture, read_picture
from vocalsep.models.catalogue import find_model
from vocalsep.models.checkpoint import ModelCard, read_card
from vocalsep.segmentation.options import PredictOptions
from vocalsep.segmentation.predict import Predictor

Labels = npt.NDArray[np.uint8]  # (H, W) class index
_DEFAULTS = PredictOptions()


class PictureMethod(ABC):
    """Something that says of each pixel which class it is of.

    Attributes:
        name: in tables, and the folder of its results.
    """

    name: str

    @abstractmethod
    def settings(self, pair: Pair) -> dict[str, str]:
        """What its result for a picture depends on: names, sha256, options."""

    @abstractmethod
    def labels(self, pair: Pair) -> Labels:
        """(H, W) class indices of a picture.

        Raises:
            DataError: it has none.
            UnreadablePicture: a file cannot be decoded.
        """


@dataclass(frozen=True)
class SegmenterMethod(PictureMethod):
    """A model of this package, as its users run it."""

    name: str
    model: str
    device: str = "auto"
    options: PredictOptions = _DEFAULTS

    def card(self) -> ModelCard:
        """What the model file says of itself."""
        return read_card(find_model(self.model))

    def settings(self, pair: Pair) -> dict[str, str]:
        """The weights and how they are run."""
        return {
            "model_sha256": self.card().sha256,
            "device": self.device,
            "options": repr(self.options),
        }

    def labels(self, pair: Pair) -> Labels:
        """The likeliest class of every pixel."""
        predictor = _loaded(self.model, self.device, self.options)
        return predictor.labels(read_picture(pair.image, predictor.in_channels).pixels)


@dataclass(frozen=True)
class LabelFolderMethod(PictureMethod):
    """Label maps that any tool has written: class indices, named as the pictures are."""

    name: str
    folder: Path

    def settings(self, pair: Pair) -> dict[str, str]:
        """The file, its size and time."""
        path = find_labels(self.folder, pair.name)
        status = path.stat()
        return {"labels": f"{path} {status.st_size} {status.st_mtime_ns}"}

    def labels(self, pair: Pair) -> Labels:
        """Decode it."""
        path = find_labels(self.folder, pair.name)
        values = read_labels(path)
        if values.max(initial=0) > np.iinfo(np.uint8).max:
            raise DataError(f"{path}: a value of {values.max()}; expected class indices below 255")
        return values.astype(np.uint8)


@dataclass(frozen=True)
class OneClassMethod(PictureMethod):
    """The same class everywhere: what looking at nothing scores."""

    name: str
    label: int

    def settings(self, pair: Pair) -> dict[str, str]:
        """The class."""
        return {"label": str(self.label)}

    def labels(self, pair: Pair) -> Labels:
        """(H, W) of it."""
        info = probe_picture(pair.image)
        return np.full((info.height, info.width), self.label, np.uint8)


def find_labels(folder: Path, name: str) -> Path:
    """The label map of a picture: <folder>/<name>.png, or in any one folder below.

    Those of `vocalsep segment` are called <name>.labels.png, or <name>/labels.png by `--name`.

    Raises:
        DataError: there is none.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; expected one with label maps")
    places = [folder, *sorted(p for p in folder.iterdir() if p.is_dir())]
    usual = [place / f"{name}{end}" for place in places for end in (".png", ".labels.png")]
    for path in (folder / name / "labels.png", *usual):
        if path.is_file():
            return path
    others = sorted(p.name for p in folder.iterdir() if p.suffix.lower() in SUFFIXES)
    hint = f"it has {others[0]} and {len(others) - 1} more" if others else "it has no picture"
    raise DataError(f"{folder}: no label map of {name!r} in it; expected {name}.png; {hint}")


@lru_cache(maxsize=1)
def _loaded(model: str, device: str, options: PredictOptions) -> Predictor:
    return Predictor.from_pretrained(model, options, device)
