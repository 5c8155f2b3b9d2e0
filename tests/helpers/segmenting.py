"""A made set of coloured shapes and a recipe of a thin segmenter for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.helpers.pictures import save_labels
from vocalsep.images.write import write_picture
from vocalsep.recipe import Part, Pictures, Pixels, SegmentationRecipe, Training

SIZE = (24, 32)
COLOURS = np.array([[20, 20, 20], [220, 40, 40], [40, 40, 220]], np.uint8)
VOID = 9


def make_shapes(root: Path, split: str, n_pictures: int, size: tuple[int, int] = SIZE) -> None:
    """A red and a blue rectangle on black each; some pixels are void."""
    (root / split).mkdir(parents=True, exist_ok=True)
    for number in range(n_pictures):
        rng = np.random.default_rng([number, len(split)])
        labels = np.zeros(size, np.uint8)
        for label in (1, 2):
            top, left = rng.integers(0, size[0] // 2), rng.integers(0, size[1] // 2)
            labels[top : top + size[0] // 2, left : left + size[1] // 2] = label
        noise = rng.integers(-15, 16, (*size, 3))
        pixels = np.clip(COLOURS[labels] + noise, 0, 255).astype(np.uint8)
        labels[0, :3] = VOID
        write_picture(root / split / f"{number}.png", pixels)
        save_labels(root / f"{split}annot" / f"{number}.png", labels)


def picture_recipe(root: Path) -> SegmentationRecipe:
    """Of a thin U-Net; `make_shapes` makes its data."""
    return SegmentationRecipe(
        "shapes",
        classes=["nothing", "red", "blue"],
        pixels=Pixels(mean=[0.2, 0.2, 0.2], std=[0.3, 0.3, 0.3], tile=list(SIZE)),
        backbone=Part("unet", {"widths": [8, 16], "kernel": 4, "norm": "group", "dropout": 0.0}),
        pictures=Pictures(
            root=str(root), layout="folder", ignore=[VOID], crop=[16, 24], augment=[Part("flip")]
        ),
        training=Training(
            batch_size=4,
            max_steps=4,
            learning_rate=2e-2,
            warmup_steps=0,
            ema_decay=0.0,
            precision="fp32",
            loss=Part("cross_entropy"),
            log_every=1,
            validate_every=4,
            workers=0,
        ),
    )
