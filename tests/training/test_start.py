"""Fine-tuning takes what fits, and says what."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from safetensors.torch import load_file

from tests.training.audio import audio_recipe, audio_trainer, train
from tests.training.toy import Notes
from vocalsep.errors import ModelError
from vocalsep.recipe import Part, Recipe


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
    wider = Part("unet", {**recipe.backbone.params, "widths": [4, 10]})
    trainer = audio_trainer(dataclasses.replace(recipe, backbone=wider), tmp_path / "other")
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
