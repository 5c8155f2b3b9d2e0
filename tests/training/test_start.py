"""Fine-tuning takes what fits, and says what."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from tests.training.audio import audio_recipe, audio_trainer, train
from tests.training.toy import Notes
from vocalsep.backbones import BACKBONES
from vocalsep.errors import ModelError
from vocalsep.models.checkpoint import load_model
from vocalsep.models.features import FEATURES
from vocalsep.recipe import Part, Recipe
from vocalsep.training.start import take_weights


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    return audio_recipe(tmp_path)


@pytest.fixture
def model(recipe: Recipe, tmp_path: Path) -> Path:
    short = dataclasses.replace(recipe.training, max_steps=1)
    train(dataclasses.replace(recipe, training=short), tmp_path / "run")
    return tmp_path / "run" / "last.safetensors"


def test_everything_is_taken_of_the_same_architecture(
    recipe: Recipe, model: Path, tmp_path: Path
) -> None:
    trainer = audio_trainer(dataclasses.replace(recipe, seed=9), tmp_path / "other")
    trainer.start_from(str(model))
    for name, weight in load_file(model).items():
        assert (trainer.task.network.state_dict()[name] == weight.float()).all()
        assert (trainer.average.weights[name] == weight.float()).all()
    assert isinstance(trainer.reporter, Notes)
    assert "100 % of the weights" in trainer.reporter.lines[0]


def test_what_does_not_fit_is_new_and_named(recipe: Recipe, model: Path, tmp_path: Path) -> None:
    narrower = Part("unet", {**recipe.backbone.params, "widths": [4, 5]})
    trainer = audio_trainer(dataclasses.replace(recipe, backbone=narrower), tmp_path / "other")
    before = {k: w.clone() for k, w in trainer.task.network.state_dict().items()}
    trainer.start_from(str(model))
    kept, now = load_file(model), trainer.task.network.state_dict()
    fitting = {k for k, w in kept.items() if k in now and now[k].shape == w.shape}
    assert 0 < len(fitting) < len(now)
    for name, weight in now.items():
        expected = kept[name].float() if name in fitting else before[name]
        assert (weight == expected).all(), name
    assert isinstance(trainer.reporter, Notes)
    line = trainer.reporter.lines[0]
    assert f"took {len(fitting)} of {len(now)} tensors" in line and "in the model" in line


def test_more_channels_begin_with_those_of_the_model(
    recipe: Recipe, model: Path, tmp_path: Path
) -> None:
    """More to hear and more to say: what was said before stays the same."""
    stereo = Part("mask", {"mask": "mid_side", "features": "log_magnitude_mid_side"})
    trainer = audio_trainer(dataclasses.replace(recipe, separator=stereo), tmp_path / "other")
    trainer.start_from(str(model))
    assert isinstance(trainer.reporter, Notes)
    assert "larger: backbone." in trainer.reporter.lines[0]
    network, before = trainer.task.network.eval(), load_model(model)[0].eval()
    heard = 0.1 * torch.randn(1, 2, 640)
    spectrum = before.front_end.spectra(heard.unsqueeze(1))[:, 0]
    features = FEATURES.build("log_magnitude_mid_side", {})(spectrum)
    said = network.backbone(features)
    n_before = said.shape[1] // 2  # the model's own gains come before the cross gains
    torch.testing.assert_close(said[:, :n_before], before.backbone(features[:, :2]))
    assert said[:, n_before:].any()


@pytest.mark.parametrize(
    ("name", "narrow", "wide"),
    [
        ("blstm_unet", {"widths": [4, 5], "hidden": 6}, {"widths": [6, 9], "hidden": 6}),
        ("unet_classic", {"widths": [4, 5, 6]}, {"widths": [7, 8, 9]}),
        ("unet", {"widths": [4, 5, 6]}, {"widths": [7, 8, 9]}),
        ("res_unet", {"widths": [4, 5, 6]}, {"widths": [7, 8, 9]}),
        ("nn_unet", {"widths": [4, 5, 6]}, {"widths": [7, 8, 9]}),
        ("wave_u_net", {"levels": 3, "width": 4}, {"levels": 3, "width": 6}),
    ],
)
def test_a_wider_u_net_says_what_the_narrower_one_said(
    name: str, narrow: dict[str, Any], wide: dict[str, Any]
) -> None:
    """The decoder hears skips and features joined: each old channel must find its old hearers."""
    axes = (401,) if name == "wave_u_net" else (16, 12)
    more = {"n_bins": axes[0]} if name == "blstm_unet" else {}
    before, after = (BACKBONES.build(name, params | more, 3, 2) for params in (narrow, wide))
    for module in before.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
    assert take_weights(after, before, "narrow").grown
    heard = torch.randn(2, 3, *axes)
    torch.testing.assert_close(after.eval()(heard), before.eval()(heard), atol=1e-4, rtol=1e-4)


def test_transposed_convolutions_grow_along_their_own_dimensions() -> None:
    small, large = nn.ConvTranspose1d(2, 3, 2, 2), nn.ConvTranspose1d(4, 5, 2, 2)
    theirs = nn.Sequential(small, nn.LSTM(2, 1), nn.Linear(2, 2))
    taken = take_weights(nn.Sequential(large, nn.LSTM(2, 2), nn.Linear(2, 2)), theirs, "small")
    sound = torch.randn(1, 4, 6)
    torch.testing.assert_close(large(sound)[:, :3], small(sound[:, :2]))
    torch.testing.assert_close(large(torch.ones(1, 4, 6))[:, :3], small(torch.ones(1, 2, 6)))
    assert list(taken.grown) == ["0.weight", "0.bias"]
    assert taken.left and all(name.startswith("1.") for name in taken.left)


def test_nothing_that_fits_is_an_error(recipe: Recipe, model: Path, tmp_path: Path) -> None:
    wave = dataclasses.replace(
        recipe,
        audio=dataclasses.replace(recipe.audio, n_channels=1),
        separator=Part("waveform"),
        backbone=Part("wave_u_net", {"levels": 1, "width": 3}),
    )
    with pytest.raises(ModelError, match="no tensor of it fits this network"):
        audio_trainer(wave, tmp_path / "other").start_from(str(model))


def test_a_run_that_has_begun_is_not_started_again(
    recipe: Recipe, model: Path, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="has begun"):
        audio_trainer(recipe, tmp_path / "run").start_from(str(model))
