"""Volumes: labels in the format of the volume, lying in space as it does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import numpy as np
import numpy.typing as npt

from vocalsep.data.pictures.volumes import resized, scaled, size_at
from vocalsep.images.volume import read_volume, write_volume
from vocalsep.segmentation.maps import npz_map
from vocalsep.segmentation.picture import LABELS, PROBABILITIES
from vocalsep.segmentation.predict import most_probable
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
        seen = resized(values, size_at(size, volume.spacing, pixels))
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
