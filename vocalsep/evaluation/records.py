"""Result files: one JSON a track, in museval's schema, with everything else under one key of ours.

    <output>/<method>/test/<track>.json
        {"targets": [{"name": "vocals", "frames": [{"time": 0.0, "duration": 1.0,
                      "metrics": {"SDR": …, "SIR": …, "SAR": …, "ISR": …}}, …]}, …],
         "museval_version": "0.4.1",
         "vocalsep": {"fingerprint": "…", "scores": {"vocals": {"sdr": …}}, …}}

The results of pictures have "vocalsep" alone, with the confusion matrix of each.

`museval.MethodStore().add_eval_dir("<output>/<method>")` loads those of tracks. As
there, a window without a score (and an infinite one) is NaN, and numbers have five decimals.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vocalsep.atomic import write_whole
from vocalsep.errors import DataError
from vocalsep.evaluation.measure import WINDOW_S, Frames

SUBSET = "test"  # museval looks nowhere else
FORMAT = 1  # raised whenever a metric changes its numbers
_MUSEVAL_VERSION = "0.4.1"
_DECIMALS = 5


@dataclass(frozen=True)
class Labelled:
    """How the labels of a picture agree with the true ones.

    Attributes:
        classes: names.
        counts: (K, K) pixels, true class × said class.
        boundary: (K,) boundary F1; NaN for a class that is on neither side.
    """

    classes: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    boundary: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Record:
    """What is known of one method on one track (or picture).

    Attributes:
        fingerprint: of everything that the numbers follow from.
        length_s: of the track, the weight of length-weighted means.
        frames: BSS Eval v4, see `Measured`.
        scores: stem -> metric key -> value.
        silent: stems without BSS Eval scores, because one side is silent throughout.
        notes: what did not quite fit.
        estimate_s, score_s: seconds that both took.
        labelled: of a picture, which has no frames.
    """

    method: str
    track: str
    fingerprint: str
    length_s: float
    frames: Frames
    scores: dict[str, dict[str, float]]
    silent: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    estimate_s: float = 0.0
    score_s: float = 0.0
    settings: dict[str, str] = field(default_factory=dict)
    labelled: Labelled | None = None

    @property
    def stems(self) -> list[str]:
        """Names of the scored stems, in order."""
        return list(self.scores)

    def silent_windows(self, stem: str) -> int:
        """Windows of a stem in which BSS Eval v4 has no score."""
        values = self.frames.get(stem, {}).get("SDR", [])
        return sum(math.isnan(value) for value in values)


def fingerprint(facts: dict[str, Any]) -> str:
    """Short hash of plain values; equal when and only when they are."""
    text = json.dumps({"format": FORMAT, **facts}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def record_path(output: Path, method: str, track: str) -> Path:
    """Where a result lies; names that a file system refuses are made plain."""
    return output / file_name(method) / SUBSET / f"{file_name(track)}.json"


def file_name(name: str) -> str:
    """A name that every file system takes.

    >>> file_name("AC/DC: live")
    'AC_DC_ live'
    """
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", name).strip(". ") or "_"


def write_record(output: Path, record: Record) -> Path:
    """Write a result under a temporary name, then give it its own.

    Raises:
        OutputError: it cannot be written.
    """
    path = record_path(output, record.method, record.track)
    ours: dict[str, Any] = {
        "format": FORMAT,
        "method": record.method,
        "track": record.track,
        "fingerprint": record.fingerprint,
        "length_s": record.length_s,
        "scores": {
            stem: {key: _rounded(value) for key, value in scores.items()}
            for stem, scores in record.scores.items()
        },
        "silent": list(record.silent),
        "notes": list(record.notes),
        "estimate_s": round(record.estimate_s, 3),
        "score_s": round(record.score_s, 3),
        "settings": record.settings,
    }
    targets = [
        {"name": stem, "frames": _museval_frames(frames)} for stem, frames in record.frames.items()
    ]
    content = {"targets": targets, "museval_version": _MUSEVAL_VERSION, "vocalsep": ours}
    if record.labelled is not None:
        content = {"vocalsep": ours | {"labelled": _labels_to_json(record.labelled)}}
    write_whole(path, json.dumps(content, indent=1).encode())
    return path


def read_record(path: Path) -> Record:
    """Read a result.

    Raises:
        DataError: missing, damaged, or not one of ours.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        ours = content["vocalsep"]
        if ours["format"] != FORMAT:
            raise ValueError(f"format {ours['format']}, expected {FORMAT}")
        return Record(
            method=ours["method"],
            track=ours["track"],
            fingerprint=ours["fingerprint"],
            length_s=float(ours["length_s"]),
            frames={t["name"]: _frames(t["frames"]) for t in content.get("targets", ())},
            scores=ours["scores"],
            silent=tuple(ours["silent"]),
            notes=tuple(ours["notes"]),
            estimate_s=float(ours["estimate_s"]),
            score_s=float(ours["score_s"]),
            settings=ours["settings"],
            labelled=_labels_from_json(ours["labelled"]) if "labelled" in ours else None,
        )
    except (OSError, ValueError, TypeError, KeyError, IndexError) as error:
        raise DataError(
            f"{path}: not a result of this version ({error}); evaluate again"
        ) from error


def finished(output: Path, method: str, track: str, wanted: str) -> Record | None:
    """The result of an earlier run if it has this fingerprint, else None."""
    try:
        found = read_record(record_path(output, method, track))
    except DataError:
        return None
    return found if found.fingerprint == wanted else None


def _labels_to_json(labelled: Labelled) -> dict[str, Any]:
    """Counts as "true,said" -> pixels: most pairs of classes never meet."""
    return {
        "classes": list(labelled.classes),
        "counts": {
            f"{true},{said}": int(labelled.counts[true, said])
            for true, said in np.argwhere(labelled.counts)
        },
        "boundary": [_finite(value) for value in labelled.boundary.tolist()],
    }


def _labels_from_json(content: dict[str, Any]) -> Labelled:
    classes = tuple(content["classes"])
    counts = np.zeros((len(classes), len(classes)), np.int64)
    for pair, n_pixels in content["counts"].items():
        true, said = map(int, pair.split(","))
        counts[true, said] = n_pixels
    return Labelled(classes, counts, np.array(content["boundary"], np.float64))


def _museval_frames(frames: dict[str, list[float]]) -> list[dict[str, Any]]:
    names = list(frames)
    return [
        {
            "time": number * WINDOW_S,
            "duration": WINDOW_S,
            "metrics": dict(zip(names, map(_finite, values), strict=True)),
        }
        for number, values in enumerate(zip(*frames.values(), strict=True))
    ]


def _frames(entries: list[dict[str, Any]]) -> dict[str, list[float]]:
    names = list(entries[0]["metrics"]) if entries else []
    return {name: [float(entry["metrics"][name]) for entry in entries] for name in names}


def _finite(value: float) -> float:
    return round(value, _DECIMALS) if math.isfinite(value) else math.nan


def _rounded(value: float) -> float:
    return round(value, _DECIMALS) if math.isfinite(value) else value
