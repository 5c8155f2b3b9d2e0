"""Pictures in, logits of their size out; and models of one task do not do another's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.helpers.segmenting import picture_recipe
from tests.helpers.synth import tiny_recipe
from vocalsep.errors import ModelError, RecipeError
from vocalsep.models.build import build_model
from vocalsep.models.checkpoint import load_model, save_model
from vocalsep.models.load import load_segmenter, load_separator
from vocalsep.models.segmenter import Segmenter
from vocalsep.recipe import Part, Pixels, SegmentationRecipe


@pytest.fixture
def recipe(tmp_path: Path) -> SegmentationRecipe:
    return picture_recipe(tmp_path)


@pytest.mark.parametrize("size", [(24, 32), (17, 31), (1, 5), (40, 9)], ids=str)
def test_logits_have_the_pictures_size(recipe: SegmentationRecipe, size: tuple[int, int]) -> None:
    logits = Segmenter(recipe).eval()(torch.rand(2, 3, *size))
    assert logits.shape == (2, 3, *size)
    assert logits.dtype == torch.float32


def test_what_the_network_sees_is_normalised(recipe: SegmentationRecipe) -> None:
    pixels = Pixels(mean=[0.5, 0.25, 0.0], std=[0.5, 0.25, 2.0], tile=[8, 8])
    plain = replace(recipe, pixels=Pixels(tile=[8, 8]))
    torch.manual_seed(0)
    one = Segmenter(replace(recipe, pixels=pixels)).eval()
    other = Segmenter(plain).eval()
    other.load_state_dict(one.state_dict())
    picture = torch.rand(1, 3, 8, 8)
    mean, std = (torch.tensor(x).reshape(3, 1, 1) for x in (pixels.mean, pixels.std))
    torch.testing.assert_close(one(picture), other((picture - mean) / std))


def test_precision_changes_inside_only(recipe: SegmentationRecipe) -> None:
    segmenter = Segmenter(recipe).eval()
    picture = torch.rand(1, 3, 16, 16)
    exact = segmenter(picture)
    segmenter.set_backbone_dtype(torch.bfloat16)
    rough = segmenter(picture)
    assert rough.dtype == torch.float32
    assert 0 < (rough - exact).abs().max() < 0.1 * exact.abs().max() + 0.05


def test_volumes_take_a_network_of_three_dimensions(recipe: SegmentationRecipe) -> None:
    volume = Pixels(ndim=3, in_channels=1, tile=[8, 8, 8])
    backbone = Part("unet_3d", {"widths": [2, 4, 8]})
    cropless = replace(recipe.pictures, crop=[])
    whole = replace(recipe, pixels=volume, backbone=backbone, pictures=cropless)
    assert Segmenter(whole).eval()(torch.rand(1, 1, 9, 8, 7)).shape == (1, 3, 9, 8, 7)
    with pytest.raises(RecipeError, match="2-D: expected one for volumes, 3-D"):
        Segmenter(replace(whole, backbone=Part("swiftnet")))


def test_the_palette_is_the_recipes_or_that_of_voc(recipe: SegmentationRecipe) -> None:
    assert Segmenter(recipe).palette == ((0, 0, 0), (128, 0, 0), (0, 128, 0))
    given = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert Segmenter(replace(recipe, palette=given)).palette[1] == (4, 5, 6)


def test_model_files_keep_the_task(recipe: SegmentationRecipe, tmp_path: Path) -> None:
    picture = torch.rand(1, 3, 16, 16)
    pictures, sound = tmp_path / "pictures.safetensors", tmp_path / "sound.safetensors"
    segmenter = Segmenter(recipe).eval()
    save_model(pictures, recipe, segmenter.state_dict(), {}, {})
    loaded, card = load_segmenter(pictures)
    torch.testing.assert_close(loaded(picture), segmenter(picture), atol=1e-2, rtol=0)
    assert card.targets == ("nothing", "red", "blue")
    assert load_model(pictures)[1].recipe == recipe
    with pytest.raises(ModelError, match="segments pictures: expected one that separates"):
        load_separator(pictures)
    with pytest.raises(ModelError, match="segments pictures"):
        _ = card.separation

    other = tiny_recipe(tmp_path)
    save_model(sound, other, build_model(other).state_dict(), {}, {})
    with pytest.raises(ModelError, match="separates sources: expected one that segments"):
        load_segmenter(sound)
