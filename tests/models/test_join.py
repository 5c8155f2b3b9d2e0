"""Models that were trained apart, put together: the mean of what they say."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from tests.helpers.recipes import ensemble_recipe, mask_recipe, wave_recipe
from vocalsep.errors import ModelError, RecipeError
from vocalsep.models.base import BaseSeparator
from vocalsep.models.build import build_separator
from vocalsep.models.checkpoint import load_model, save_model
from vocalsep.models.join import join_models
from vocalsep.recipe import Audio, Part, Recipe

JOINT = dataclasses.replace(mask_recipe("sigmoid", "vocals"), separator=Part("ensemble"))
MEMBERS = {
    "mask": dataclasses.replace(mask_recipe("sigmoid", "vocals"), name="mask"),
    "longer": dataclasses.replace(
        mask_recipe("sigmoid", "vocals"),
        name="longer",
        audio=Audio(sample_rate=JOINT.audio.sample_rate, n_fft=512, hop_length=128, n_bins=100),
    ),
    "wave": dataclasses.replace(wave_recipe("vocals"), name="wave"),
}


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """Models with weights of their own."""
    return [saved(recipe, tmp_path, index) for index, recipe in enumerate(MEMBERS.values())]


def saved(recipe: Recipe, folder: Path, seed: int) -> Path:
    torch.manual_seed(seed)
    path = folder / f"{recipe.name}.safetensors"
    save_model(path, recipe, build_separator(recipe).state_dict(), {}, {"step": seed})
    return path


def test_estimates_are_the_mean_of_the_members(paths: list[Path], tmp_path: Path) -> None:
    join_models(JOINT, paths, tmp_path / "joint.safetensors")
    whole, card = load_model(tmp_path / "joint.safetensors")
    mixture = 0.1 * torch.randn(1, 2, 1500)
    with torch.inference_mode():
        each = [load_model(path)[0](mixture) for path in paths]
        torch.testing.assert_close(whole(mixture), torch.stack(each).mean(0))
    assert [(m["name"], m["step"]) for m in card.provenance["members"]] == [
        ("mask", 0),
        ("longer", 1),
        ("wave", 2),
    ]
    assert isinstance(whole, BaseSeparator) and whole.n_fft == JOINT.audio.n_fft


def test_what_does_not_fit_is_refused(paths: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out.safetensors"
    with pytest.raises(ModelError, match="expected a recipe with `separator"):
        join_models(MEMBERS["mask"], paths, out)
    with pytest.raises(ModelError, match="the members are those of the models"):
        join_models(ensemble_recipe(), paths, out)
    both = dataclasses.replace(JOINT, targets=["vocals", "accompaniment"])
    with pytest.raises(ModelError, match="expected vocals, accompaniment"):
        join_models(both, paths, out)
    slower = dataclasses.replace(JOINT, audio=dataclasses.replace(JOINT.audio, sample_rate=16000))
    with pytest.raises(ModelError, match="expected vocals at 16000 Hz"):
        join_models(slower, paths, out)
    nested = saved(dataclasses.replace(ensemble_recipe(), name="nested"), tmp_path, 0)
    with pytest.raises(ModelError, match="is an ensemble itself"):
        join_models(JOINT, [*paths, nested], out)
    assert not out.exists()


def test_speeds_of_the_recipe_are_kept(paths: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "joint.safetensors"
    speeds = [[1.0], [0.9, 1.1], [1.0]]
    join_models(
        dataclasses.replace(JOINT, separator=Part("ensemble", {"speeds": speeds})), paths, out
    )
    assert load_model(out)[1].separation.separator.params["speeds"] == speeds
    two = dataclasses.replace(JOINT, separator=Part("ensemble", {"speeds": speeds[:2]}))
    with pytest.raises(RecipeError, match="for each of 3 members"):
        join_models(two, paths, out)
