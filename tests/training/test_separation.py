"""The task of separation: it learns, and ends in files that separate."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.audio import audio_recipe, audio_trainer, train, with_training
from vocalsep.data.loader import Batch
from vocalsep.data.steps import StepDataset
from vocalsep.errors import DataError
from vocalsep.models.checkpoint import load_model
from vocalsep.recipe import Part, Recipe
from vocalsep.training.exhibits import exhibits_of
from vocalsep.training.separation import SeparationTask
from vocalsep.training.world import World


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    return audio_recipe(tmp_path)


def task_of(recipe: Recipe) -> SeparationTask:
    return SeparationTask(recipe, torch.device("cpu"))


def test_a_run_ends_in_a_model_with_its_scores(recipe: Recipe, tmp_path: Path) -> None:
    trainer = train(recipe, tmp_path / "run")
    separator, card = load_model(tmp_path / "run" / "last.safetensors")
    assert card.provenance["step"] == 4 and card.provenance["examples"] == 8
    assert card.recipe == recipe
    assert set(card.scores["one"]) == {"vocals", "accompaniment", "voice_held", "music_held"}
    for name, weight in separator.state_dict().items():
        torch.testing.assert_close(weight, trainer.average.weights[name], atol=1e-3, rtol=1e-3)


def test_it_learns(recipe: Recipe, tmp_path: Path) -> None:
    longer = with_training(recipe, max_steps=100, warmup_steps=5, log_every=10, validate_every=100)
    train(longer, tmp_path / "run")
    records = [json.loads(x) for x in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    losses = [r["loss"] for r in records if "loss" in r]
    assert losses[-1] < 0.7 * losses[0]
    assert "x_real_time" in records[0]
    scores = next(r for r in records if "validation" in r)["validation"]
    assert scores["one"]["vocals"] > 6.0  # the mixture itself scores near 0 dB


@pytest.mark.parametrize(
    ("targets", "separator"),
    [
        (["vocals"], Part("mask")),
        (["vocals", "accompaniment"], Part("mask", {"mask": "softmax"})),
        (["vocals", "accompaniment"], Part("mask", {"mask": "ratio", "per_target": True})),
        (["vocals"], Part("waveform")),
    ],
)
def test_every_kind_of_separator_trains(
    targets: list[str], separator: Part, recipe: Recipe, tmp_path: Path
) -> None:
    rest = {"residual": "accompaniment"} if len(targets) > 1 else {}
    changed = dataclasses.replace(recipe, targets=targets, separator=separator, **rest)  # type: ignore[arg-type]
    if separator.name == "waveform":
        backbone = Part("wave_u_net", {"levels": 2, "width": 4, "context": True})
        changed = dataclasses.replace(changed, backbone=backbone)
    short = with_training(changed, loss=Part("waveform_l1"), max_steps=1)
    trainer = train(short, tmp_path / "run")
    assert trainer.at.step == 1 and trainer.at.bad_steps == 0
    loaded, _ = load_model(tmp_path / "run" / "best.safetensors")
    stems = torch.randn(1, 2, 2000)
    assert loaded(stems).shape == (1, len(targets), 2, 2000)


def test_a_residual_that_is_a_target_is_trained_by_itself(recipe: Recipe) -> None:
    both = dataclasses.replace(
        recipe, targets=["vocals", "accompaniment"], residual="accompaniment"
    )
    task = task_of(both)
    batch = next(task.batches(0, World()))
    (piece,) = task.pieces(batch, 1)
    stems = task.estimates(piece).spectra.sum(1)
    assert (stems - piece.mixture.spectra[:, 0]).abs().max() > 0.01


def test_bins_above_any_source_of_the_example_do_not_count(recipe: Recipe) -> None:
    task = task_of(recipe)
    sources = torch.zeros(2, 2, 2, 31 * 64)
    piece = task.piece(sources, torch.tensor([[4000.0, 2000.0], [1000.0, 4000.0]]))
    # 8000 Hz / 256 = 31.25 Hz a bin
    assert piece.valid.shape == (2, 1, 1, 96, 1)
    assert piece.valid[0].sum() == 2000 / 31.25 and piece.valid[1].sum() == 1000 / 31.25


def test_pieces_hold_the_batch(recipe: Recipe) -> None:
    task = task_of(recipe)
    batch = Batch(torch.randn(5, 2, 2, 31 * 64), torch.full((5, 2), 4000.0))
    pieces = task.pieces(batch, 2)
    assert [len(piece.heard) for piece in pieces] == [3, 2]
    assert torch.equal(task.tensors(pieces)["sources"], batch.sources)
    assert torch.equal(torch.cat([p.heard for p in pieces]), batch.sources.sum(1))


def test_validation_is_shared_out_and_the_stems_add_up(recipe: Recipe) -> None:
    task = task_of(recipe)
    task.network.eval()
    validation = task.validate(World())
    assert list(validation.scores) == ["one", "two"]
    values = [scores["vocals"] for scores in validation.scores.values()]
    assert validation.score == pytest.approx(sum(values) / 2)
    song = task.songs[0]
    total = sum(stem.numpy() for stem in task.separate(song).values())
    np.testing.assert_allclose(total, song.mixture, atol=1e-6)


def test_no_songs_no_score(recipe: Recipe, tmp_path: Path) -> None:
    bare = dataclasses.replace(recipe, validation=dataclasses.replace(recipe.validation, songs={}))
    assert task_of(bare).validate(World()).score is None
    train(with_training(bare, max_steps=2), tmp_path / "run")
    assert (tmp_path / "run" / "best.safetensors").exists()


def test_exhibits_are_sounds_spectrograms_and_masks(recipe: Recipe) -> None:
    task = task_of(recipe)
    song = task.songs[0]
    found = {each.tag: each for each in exhibits_of(song, task.separate(song), task.network)}
    assert {"one/mixture", "one/vocals", "one/vocals spectrogram", "one/vocals mask"} <= set(found)
    assert found["one/vocals"].sample_rate == 8000
    assert found["one/vocals mask"].data.shape[:2] == (3, 96)


def test_missing_validation_stem_is_named(recipe: Recipe, tmp_path: Path) -> None:
    (tmp_path / "one" / "vocals.wav").unlink()
    with pytest.raises(DataError, match="needs"):
        train(recipe, tmp_path / "run")


def test_a_cut_bank_is_named_before_any_step(recipe: Recipe, tmp_path: Path) -> None:
    track = next((tmp_path / "bank").glob("*.i16"))
    track.write_bytes(track.read_bytes()[:-2])
    with pytest.raises(DataError, match="pack the bank again"):
        train(recipe, tmp_path / "run")


def test_a_loader_process_that_dies_is_one_line(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(self: StepDataset, step: int) -> None:
        os._exit(1)

    monkeypatch.setattr(StepDataset, "__getitem__", die)
    with pytest.raises(DataError, match=r"training\.workers=0") as caught:
        train(with_training(recipe, workers=1), tmp_path / "run")
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_resumed_training_is_bit_equal(recipe: Recipe, tmp_path: Path) -> None:
    whole = train(recipe, tmp_path / "whole")
    half = audio_trainer(with_training(recipe, max_steps=2), tmp_path / "parts")
    half.schedule = whole.schedule  # the rates of the whole run
    half.run()
    torch.manual_seed(12345)  # the resumed process must not depend on what came before
    resumed = train(recipe, tmp_path / "parts")
    for name, weight in whole.task.network.state_dict().items():
        assert torch.equal(weight, resumed.task.network.state_dict()[name]), name
        assert torch.equal(whole.average.weights[name], resumed.average.weights[name]), name
