"""Made volumes: bright and dark ellipsoids in noise."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

CLASSES = ["nothing", "bright", "dark"]


def ellipsoid(rng: np.random.Generator, size: tuple[int, ...], spacing: tuple[float, ...]):
    """Where a random one is, (*size) bool, round in the unit of the spacing."""
    steps = np.array(spacing).reshape(-1, *(1,) * len(size))
    extent = np.array(size).reshape(steps.shape) * steps
    centre = extent * rng.uniform(0.3, 0.7, steps.shape)
    radius = extent.min() * rng.uniform(0.2, 0.35, steps.shape)
    places = np.indices(size) * steps
    return (((places - centre) / radius) ** 2).sum(0) < 1


def write_ellipsoids(
    root: Path, n: dict[str, int], size: tuple[int, ...], spacing: tuple[float, ...]
) -> Path:
    """A set in the layout "volumes": two ellipsoids each, values far from 0 and 1.

    Args:
        n: volumes of each split.
        size: of the volumes; every other one is a little larger.
        spacing: distance between neighbours.
    """
    rng = np.random.default_rng(0)
    for split, count in n.items():
        for kind in ("images", "labels"):
            (root / kind / split).mkdir(parents=True, exist_ok=True)
        for index in range(count):
            own = tuple(side + index % 2 for side in size)
            labels = np.zeros(own, np.uint8)
            for label in (1, 2):
                labels[ellipsoid(rng, own, spacing)] = label
            values = 300 + np.array([0.0, 200.0, -200.0])[labels] + rng.normal(0, 40, own)
            np.save(root / "images" / split / f"{index}.npy", values.astype(np.float32))
            np.save(root / "labels" / split / f"{index}.npy", labels)
            beside = root / "images" / split / f"{index}.json"
            beside.write_text(json.dumps({"spacing": spacing}))
    (root / "classes.txt").write_text("\n".join(CLASSES))
    return root
