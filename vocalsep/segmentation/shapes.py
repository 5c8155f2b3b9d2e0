"""Label maps as outlines: documents in the form of GeoJSON and of COCO."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from vocalsep.segmentation.contours import Mask, polygons
from vocalsep.segmentation.rle import mask_counts, packed

Labels = npt.NDArray[np.uint8]  # (H, W)


def geojson(
    labels: Labels, classes: Sequence[str], palette: Sequence[tuple[int, int, int]]
) -> dict[str, Any]:
    """A FeatureCollection (RFC 7946): one MultiPolygon for each class that occurs.

    Coordinates are those of `contours`: pixels from the upper left corner, y down.
    """
    features = []
    for label, mask in _masks(labels):
        shapes = [[polygon.outer, *polygon.holes] for polygon in polygons(mask)]
        red, green, blue = palette[label]
        properties = {
            "class": classes[label],
            "label": label,
            "n_pixels": int(mask.sum()),
            "color": f"#{red:02x}{green:02x}{blue:02x}",
        }
        geometry = {"type": "MultiPolygon", "coordinates": shapes}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    return {"type": "FeatureCollection", "features": features}


def coco(labels: Labels, classes: Sequence[str], file_name: str) -> dict[str, Any]:
    """COCO's annotation document of one picture: one compressed RLE for each class that occurs.

    Ids of categories are labels.
    """
    height, width = labels.shape
    annotations: list[dict[str, Any]] = []
    for label, mask in _masks(labels):
        annotations.append(
            {
                "id": len(annotations) + 1,
                "image_id": 1,
                "category_id": label,
                "segmentation": {"size": [height, width], "counts": packed(mask_counts(mask))},
                "area": int(mask.sum()),
                "bbox": _box(mask),
                "iscrowd": 1,  # what COCO calls a mask of many things that is kept as RLE
            }
        )
    return {
        "images": [{"id": 1, "file_name": file_name, "height": height, "width": width}],
        "categories": [{"id": label, "name": name} for label, name in enumerate(classes)],
        "annotations": annotations,
    }


def _masks(labels: Labels) -> Iterator[tuple[int, Mask]]:
    for label in np.unique(labels).tolist():
        yield label, labels == label


def _box(mask: Mask) -> list[int]:
    """[x, y, width, height] around all pixels of a mask that has some."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    x, y = int(columns[0]), int(rows[0])
    return [x, y, int(columns[-1]) - x + 1, int(rows[-1]) - y + 1]
