"""Recognise what the inputs are and decide all output names before any work."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vocalsep.errors import PlanError, UnreadablePicture, VocalsepError
from vocalsep.images.read import SUFFIXES, probe_picture
from vocalsep.images.volume import is_volume, read_volume, stem_of
from vocalsep.inference.names import Source, check_template, output_path
from vocalsep.inference.places import Places
from vocalsep.inference.sources import Failure, find_sources
from vocalsep.segmentation.options import SegmentOptions
from vocalsep.segmentation.picture import (
    CONTOURS,
    LABELS,
    OVERLAY,
    PROBABILITIES,
    PictureWork,
)
from vocalsep.segmentation.predict import Predictor
from vocalsep.segmentation.video import CONTAINERS, VideoWork, probe_video
from vocalsep.segmentation.volume import VolumeWork
from vocalsep.segmentation.work import SegmentJob, SegmentWork

_VOLUME_SUFFIXES = frozenset({".npy", ".nii", ".gz"})
_LONGEST_JPEG_PX = 65500  # along a side
_CONTOUR_SUFFIXES = {"geojson": "geojson", "coco": "coco.json"}


@dataclass
class SegmentPlan:
    """The works of a command, and the files that cannot be one."""

    works: list[SegmentWork] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


def plan_segment(options: SegmentOptions, predictor: Predictor) -> SegmentPlan:
    """Plan everything; files that cannot be read become failures.

    Raises:
        PlanError: outputs collide or cannot be written, or impossible options.
    """
    check_template(options.write.template, n_stems=2)
    sources, plan = _sources(options, predictor.ndim)
    planner = _Planner(options, predictor, Places([source.path for source in sources]))
    for source in sources:
        try:
            plan.works.append(planner.work(source))
        except PlanError:
            raise
        except VocalsepError as error:
            plan.failures.append(Failure(str(source.path), error))
    return plan


def _sources(options: SegmentOptions, ndim: int) -> tuple[list[Source], SegmentPlan]:
    """What is there to segment; whatever is named, and from folders what the model takes."""
    suffixes, what = SUFFIXES | CONTAINERS.keys(), "pictures"
    if ndim == 3:
        suffixes, what = _VOLUME_SUFFIXES, "volumes"
    output = Path(options.output)
    sources, failures = find_sources(options.inputs, options.recursive, output, suffixes, what)
    named = {Path(name) for name in options.inputs}
    kept = [each for each in sources if ndim == 2 or each.path in named or is_volume(each.path)]
    return kept, SegmentPlan(failures=failures)


class _Planner:
    """Gives every source its work, as long as the outputs do not get in each other's way."""

    def __init__(self, options: SegmentOptions, predictor: Predictor, places: Places) -> None:
        self._options = options
        self._predictor = predictor
        self._places = places

    def work(self, source: Source) -> SegmentWork:
        """What one source becomes.

        Raises:
            VocalsepError: why it cannot be.
        """
        if is_volume(source.path) != (self._predictor.ndim == 3):
            kind = {2: "pictures and videos", 3: "volumes (.npy, .nii, .nii.gz)"}
            raise VocalsepError(
                f"{source.path}: the model {self._predictor.name!r} segments "
                f"{kind[self._predictor.ndim]}; choose another with -m"
            )
        if self._predictor.ndim == 3:
            return self._volume(source)
        if self._predictor.in_channels not in (1, 3):
            raise VocalsepError(
                f"{source.path}: the model {self._predictor.name!r} takes "
                f"{self._predictor.in_channels} channels, pictures have 1 or 3"
            )
        if source.path.suffix.lower() in CONTAINERS:
            return self._video(source)
        return self._picture(source)

    def _picture(self, source: Source) -> PictureWork:
        info, write = probe_picture(source.path), self._options.write
        files = {LABELS: "png"}
        if write.overlay:
            files[OVERLAY] = "jpg" if max(info.width, info.height) <= _LONGEST_JPEG_PX else "png"
        if write.contours:
            files[CONTOURS] = _CONTOUR_SUFFIXES[write.contours]
        if write.probabilities == "npz":
            files[PROBABILITIES] = "npz"
        elif write.probabilities:
            files |= dict.fromkeys(map(_map_name, enumerate(self._predictor.classes)), "png")
        outputs = self._claimed(source, files)
        job = SegmentJob(source.path, (info.height, info.width), info.height, outputs)
        return PictureWork(job, self._options, self._predictor)

    def _video(self, source: Source) -> VideoWork:
        self._refuse(source, "a video: only its overlay can be written", "video")
        info = probe_video(source.path)
        outputs = self._claimed(source, {OVERLAY: source.path.suffix.lstrip(".")})
        n_rows = None if info.n_frames is None else info.n_frames * info.height
        job = SegmentJob(source.path, (info.height, info.width), n_rows, outputs)
        return VideoWork(job, self._options, self._predictor)

    def _volume(self, source: Source) -> VolumeWork:
        self._refuse(source, "a volume: its labels, and --probabilities npz can be written", "npz")
        values = read_volume(source.path).values
        if len(values) != self._predictor.in_channels:
            raise UnreadablePicture(
                f"{source.path}: has {len(values)} channels, the model {self._predictor.name!r} "
                f"takes {self._predictor.in_channels}"
            )
        stem = stem_of(source.path)
        suffix = source.path.name[len(stem) + 1 :]
        files = {LABELS: suffix}
        if self._options.write.probabilities:
            files[PROBABILITIES] = "npz"
        named = Source(source.path.with_name(f"{stem}.{suffix.partition('.')[0]}"), source.folder)
        size = values.shape[1:]
        job = SegmentJob(source.path, size, size[0], self._claimed(named, files))
        return VolumeWork(job, self._options, self._predictor)

    def _refuse(self, source: Source, why: str, possible: str) -> None:
        """Refuse outputs that there are none of.

        Raises:
            VocalsepError: something is asked for that cannot be written.
        """
        write = self._options.write
        asked = write.contours or write.legend or write.probabilities not in (None, possible)
        if asked:
            raise VocalsepError(f"{source.path}: {why}; leave the other outputs out")

    def _claimed(self, source: Source, files: Mapping[str, str]) -> dict[str, Path]:
        """The path of every output.

        Raises:
            PlanError: they collide with others or cannot be written.
        """
        outputs = {}
        for kind, suffix in files.items():
            fields = {"stem": kind, "ext": suffix, "model": self._predictor.name}
            root, template = Path(self._options.output), self._options.write.template
            outputs[kind] = output_path(root, template, source, fields)
            self._places.claim(outputs[kind], str(source.path))
        self._places.check_nesting()
        return outputs


def _map_name(numbered: tuple[int, str]) -> str:
    """Of the map of one class: its label and its name, as far as file names go."""
    label, name = numbered
    return f"probability-{label:02d}-{re.sub(r'[^A-Za-z0-9]+', '-', name).strip('-')}"
