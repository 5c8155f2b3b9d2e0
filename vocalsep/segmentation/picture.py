"""A picture on its way to labels, overlay, maps of probabilities and outlines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vocalsep.atomic import write_whole
from vocalsep.images.labels import write_labels
from vocalsep.images.read import read_picture
from vocalsep.images.write import write_picture
from vocalsep.segmentation.maps import Maps, npz_map, png_maps
from vocalsep.segmentation.overlay import displayed, legend, overlaid
from vocalsep.segmentation.predict import Pixels, most_probable
from vocalsep.segmentation.shapes import coco, geojson
from vocalsep.segmentation.work import SegmentWork, counted

#: Names of outputs in a job; maps of single classes are "probability-00-road", ….
LABELS, OVERLAY, CONTOURS, PROBABILITIES = "labels", "overlay", "contours", "probabilities"

Labels = npt.NDArray[np.uint8]


class PictureWork(SegmentWork):
    """One picture."""

    def build(self, told: Callable[[float], None]) -> npt.NDArray[np.int64]:
        pixels = read_picture(self.job.source, self._predictor.in_channels).pixels
        labels = self._labels(pixels, told)
        outputs, palette = self.job.outputs, self._predictor.palette
        write_labels(outputs[LABELS], labels, palette)
        if OVERLAY in outputs:
            write_picture(outputs[OVERLAY], self._overlay(pixels, labels))
        if CONTOURS in outputs:
            write_whole(outputs[CONTOURS], json.dumps(self._contours(labels)).encode())
        return counted(labels, len(palette))

    def _labels(self, pixels: Pixels, told: Callable[[float], None]) -> Labels:
        """The labels; maps of probabilities are written on the way."""
        parts = []
        with self._maps(pixels.shape[:-1]) as maps:
            for rows in self._predictor.rows(pixels, told):
                parts.append(most_probable(rows))
                if maps is not None:
                    maps.write(rows)
        return np.concatenate(parts)

    @contextmanager
    def _maps(self, size: tuple[int, ...]) -> Iterator[Maps | None]:
        kind, outputs = self._options.write.probabilities, self.job.outputs
        if kind is None:
            yield None
        elif kind == "npz":
            with npz_map(outputs[PROBABILITIES], size, self._predictor.classes) as maps:
                yield maps
        else:
            paths = [path for name, path in outputs.items() if name.startswith("probability-")]
            height, width = size
            with png_maps(paths, (height, width), 16 if kind == "png16" else 8) as maps:
                yield maps

    def _overlay(self, pixels: Pixels, labels: Labels) -> Labels:
        palette, classes = self._predictor.palette, self._predictor.classes
        picture = overlaid(displayed(pixels), labels, palette)
        if not self._options.write.legend:
            return picture
        entries = [(classes[label], palette[label]) for label in np.unique(labels).tolist()]
        return np.concatenate([picture, legend(picture.shape[1], entries)])

    def _contours(self, labels: Labels) -> dict[str, object]:
        classes = self._predictor.classes
        if self._options.write.contours == "coco":
            return coco(labels, classes, Path(self.job.source).name)
        return geojson(labels, classes, self._predictor.palette)
