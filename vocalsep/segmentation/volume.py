"""Volumes: labels in the format of the volume, lying in space as it does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext

import numpy as np
import numpy.typing as npt
import torch

from vocalsep.backbones.parts.resize import resize
from vocalsep.data.pictures.volumes import scaled
from vocalsep.images.volume import read_volume, write_volume
from vocalsep.recipe import Pixels
from vocalsep.segmentation.maps import npz_map
from vocalsep.segmentation.picture import LABELS, PROBABILITIES
from vocalsep.segmentation.predict import most_probable
from vocalsep.segmentation.tiles import Floats
from vocalsep.segmentation.work import SegmentWork, counted


class VolumeWork(SegmentWork):
    """One volume.

    If the model was trained at one spacing, the volume is brought to it and the probabilities
    back to the volume's own grid; else nothing is resampled, whatever the spacing is.
    """

    def build(self, told: Callable[[float], None]) -> npt.NDArray[np.int64]:
        volume = read_volume(self.job.source)
        pixels = self._predictor.pixels
        values = scaled(volume.values, pixels)
        size = values.shape[1:]
        seen = resized(values, _size_at(size, volume.spacing, pixels))
        stream = self._predictor.rows(np.moveaxis(seen, 0, -1), told)
        if seen.shape != values.shape:
            stream = iter([resized(np.concatenate(list(stream), axis=1), size)])
        outputs, classes, parts = self.job.outputs, self._predictor.classes, []
        wanted = PROBABILITIES in outputs
        with npz_map(outputs[PROBABILITIES], size, classes) if wanted else nullcontext() as maps:
            for rows in stream:
                parts.append(most_probable(rows))
                if maps is not None:
                    maps.write(rows)
        labels = np.concatenate(parts)
        write_volume(outputs[LABELS], labels, self.job.source)
        return counted(labels, len(classes))


def resized(values: Floats, size: Sequence[int]) -> Floats:
    """(C, *n) -> (C, *size), linearly along every axis."""
    if values.shape[1:] == tuple(size):
        return values
    out: Floats = resize(torch.from_numpy(np.ascontiguousarray(values))[None], size)[0].numpy()
    return out


def _size_at(size: Sequence[int], spacing: Sequence[float], pixels: Pixels) -> tuple[int, ...]:
    """How many values a volume of this spacing has at that of the model."""
    wanted = pixels.spacing or spacing
    return tuple(
        max(1, round(n * old / new)) for n, old, new in zip(size, spacing, wanted, strict=True)
    )
