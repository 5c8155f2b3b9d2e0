"""Batches of pictures: every picture in its turn, the same whoever draws it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.helpers.segmenting import SIZE, make_shapes, picture_recipe
from vocalsep.data.pictures.codes import IGNORE
from vocalsep.data.pictures.loader import PictureBatch, picture_batches, pictures_of, read_example
from vocalsep.errors import DataError
from vocalsep.recipe import SegmentationRecipe


@pytest.fixture
def recipe(tmp_path: Path) -> SegmentationRecipe:
    make_shapes(tmp_path, "train", 6)
    make_shapes(tmp_path, "val", 2)
    return picture_recipe(tmp_path)


def drawn(recipe: SegmentationRecipe, *args: int) -> list[PictureBatch]:
    return list(picture_batches(recipe, *args))


def test_batches_hold_pixels_and_labels_of_the_crop(recipe: SegmentationRecipe) -> None:
    batches = drawn(recipe, 0)
    assert len(batches) == 4
    for batch in batches:
        assert batch.pixels.shape == (4, 3, 16, 24) and batch.pixels.dtype == torch.float32
        assert batch.labels.shape == (4, 16, 24) and batch.labels.dtype == torch.int64
        assert batch.pixels.min() >= 0 and batch.pixels.max() <= 1
        assert set(batch.labels.unique().tolist()) <= {0, 1, 2, IGNORE}
        red = batch.pixels[:, 0] > 0.6  # only class 1 is red
        assert torch.equal(red & (batch.labels != IGNORE), batch.labels == 1)


def test_every_picture_comes_before_one_comes_twice(recipe: SegmentationRecipe) -> None:
    whole = replace(recipe, pictures=replace(recipe.pictures, crop=[], augment=[]))
    pixels = torch.cat([batch.pixels for batch in drawn(whole, 0)])  # 16 of 6 pictures
    rounds = pixels[:6], pixels[6:12]
    for each in rounds:
        assert len(each.flatten(1).unique(dim=0)) == 6
    assert not torch.equal(*rounds)  # in another order
    pairs = pictures_of(recipe, "train").pairs
    known = np.stack([read_example(pair, recipe.pixels).pixels for pair in pairs])
    assert known.shape == (6, 3, *SIZE)
    ordered = [
        x.reshape(6, -1)[x.reshape(6, -1)[:, 0].argsort()] for x in (rounds[0].numpy(), known)
    ]
    np.testing.assert_array_equal(*ordered)


def test_ranks_share_the_batch_and_steps_stand_alone(recipe: SegmentationRecipe) -> None:
    whole = drawn(recipe, 0)
    halves = [drawn(recipe, 0, rank, 2) for rank in range(2)]
    for batch, one, two in zip(whole, *halves, strict=True):
        torch.testing.assert_close(batch.pixels[0::2], one.pixels, rtol=0, atol=0)
        torch.testing.assert_close(batch.labels[1::2], two.labels, rtol=0, atol=0)
    torch.testing.assert_close(drawn(recipe, 3)[0].pixels, whole[3].pixels, rtol=0, atol=0)
    with pytest.raises(DataError, match="at least one example for each of 5 processes"):
        drawn(recipe, 0, 0, 5)


def test_workers_change_nothing(recipe: SegmentationRecipe) -> None:
    busy = replace(recipe, training=replace(recipe.training, workers=1))
    for one, other in zip(drawn(recipe, 2), drawn(busy, 2), strict=True):
        torch.testing.assert_close(one.pixels, other.pixels, rtol=0, atol=0)


def test_trouble_is_one_line(recipe: SegmentationRecipe, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"pictures\.root is empty"):
        pictures_of(replace(recipe, pictures=replace(recipe.pictures, root="")), "train")
    for split in ("test", "train+test[:1]"):
        with pytest.raises(DataError, match="is held out"):
            drawn(replace(recipe, pictures=replace(recipe.pictures, split=split)), 0)
    make_shapes(tmp_path, "train", 1, size=(20, 20))  # takes the place of the first
    sizes = replace(recipe, pictures=replace(recipe.pictures, crop=[], augment=[]))
    with pytest.raises(DataError, match=r"of 2 sizes, 20×20 and 24×32: .*pictures\.crop"):
        drawn(sizes, 0)
    (tmp_path / "train" / "0.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"0\.png: an empty file"):
        drawn(recipe, 0)
