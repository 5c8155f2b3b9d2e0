"""Made pictures with label maps, and label maps that are wrong in known places."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from vocalsep.images.labels import write_labels

CLASSES = ("sky", "tree", "road")
PALETTE = [(128, 128, 255), (0, 128, 0), (128, 64, 128)]
NAMES = ("a", "b", "c")


def truth(seed: int) -> np.ndarray:
    """(40, 60): sky over road, a tree, and a strip of void; the third picture has no tree."""
    labels = np.zeros((40, 60), np.uint8)
    labels[22 + seed :] = 2
    if seed < 2:
        labels[10:30, 20 + 5 * seed : 32] = 1
    labels[:, 55:] = 9  # void
    return labels


def shifted(labels: np.ndarray, by: int) -> np.ndarray:
    """What a method might say: all a few pixels too low; void is said to be sky."""
    said = np.roll(labels, by, axis=0)
    said[:by] = 0
    said[said == 9] = 0
    return said


def write_set(root: Path) -> Path:
    """<root>/val and <root>/valannot, without a list of classes."""
    for seed, name in enumerate(NAMES):
        pixels = np.array(PALETTE + [(0, 0, 0)] * 7, np.uint8)[truth(seed)]
        (root / "val").mkdir(parents=True, exist_ok=True)
        (root / "valannot").mkdir(exist_ok=True)
        Image.fromarray(pixels).save(root / "val" / f"{name}.png")
        write_labels(root / "valannot" / f"{name}.png", truth(seed), PALETTE)
    return root


def write_estimates(folder: Path, by: int) -> Path:
    """A folder of index PNGs."""
    folder.mkdir()
    for seed, name in enumerate(NAMES):
        write_labels(folder / f"{name}.png", shifted(truth(seed), by), PALETTE)
    return folder
