"""The trainer: it learns, resumes to the bit, and ends in files that separate."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.helpers.synth import RATE, make_bank, music, tiny_recipe, voice, write_stem
from vocalsep.data.loader import StepDataset
from vocalsep.errors import DataError, ModelError, OutputError, RecipeError
from vocalsep.models.checkpoint import load_model
from vocalsep.recipe import Recipe
from vocalsep.training.trainer import FINAL_RATE, MAX_BAD_STEPS, Trainer, learning_rate


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    make_bank(tmp_path / "bank")
    for seed, name in enumerate(("one", "two")):
        write_stem(tmp_path / name / "vocals.wav", voice(3 * RATE, seed + 50))
        write_stem(tmp_path / name / "accompaniment.wav", music(3 * RATE, seed + 60))
    songs = {name: str(tmp_path / name) for name in ("one", "two")}
    return tiny_recipe(tmp_path / "bank", songs)


def quiet(_line: str) -> None:
    """Nobody reads the reports of a test."""


def train(recipe: Recipe, run: Path) -> Trainer:
    trainer = Trainer(recipe, run, quiet)
    trainer.run()
    return trainer


def with_training(recipe: Recipe, **changes: object) -> Recipe:
    training = dataclasses.replace(recipe.training, **changes)  # type: ignore[arg-type]
    return dataclasses.replace(recipe, training=training)


def test_a_run_leaves_a_log_a_state_and_a_model(recipe: Recipe, tmp_path: Path) -> None:
    trainer = train(recipe, tmp_path / "run")
    records = [json.loads(x) for x in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [r["step"] for r in records if "loss" in r] == [2, 4]
    validations = [r for r in records if "validation" in r]
    assert set(validations[-1]["validation"]) == {"one", "two"}
    separator, card = load_model(tmp_path / "run" / "last.safetensors")
    assert card.provenance["step"] == 4
    assert card.recipe == recipe
    assert set(card.scores["one"]) == {"vocals", "accompaniment", "voice_held", "music_held"}
    for name, weight in separator.state_dict().items():
        torch.testing.assert_close(weight, trainer.average[name], atol=1e-3, rtol=1e-3)


def test_resumed_training_is_bit_equal(recipe: Recipe, tmp_path: Path) -> None:
    whole = train(recipe, tmp_path / "whole")

    class Killed(Exception):
        pass

    # The process dies after step 3, past the state written at step 2.
    broken = Trainer(recipe, tmp_path / "parts", quiet)
    step, taken = broken._train_step, []

    def dying_step(batch):  # type: ignore[no-untyped-def]
        if len(taken) == 3:
            raise Killed
        taken.append(1)
        return step(batch)

    broken._train_step = dying_step  # type: ignore[method-assign]
    with pytest.raises(Killed):
        broken.run()
    torch.manual_seed(12345)  # the resumed process must not depend on what came before
    resumed = train(recipe, tmp_path / "parts")
    assert resumed.step == whole.step
    for one, other in zip(resumed.average.values(), whole.average.values(), strict=True):
        assert torch.equal(one, other)
    a, b = (load_file(tmp_path / run / "state.safetensors") for run in ("whole", "parts"))
    assert a.keys() == b.keys()
    for name in a:
        assert torch.equal(a[name], b[name]), name


def test_it_learns(recipe: Recipe, tmp_path: Path) -> None:
    longer = with_training(recipe, max_steps=120, warmup_steps=5, log_every=10, validate_every=120)
    train(longer, tmp_path / "run")
    records = [json.loads(x) for x in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    losses = [r["loss"] for r in records if "loss" in r]
    assert losses[-1] < 0.7 * losses[0]
    scores = next(r for r in records if "validation" in r)["validation"]
    assert scores["one"]["vocals"] > 6.0  # the mixture itself scores near 0 dB


def test_learning_rate_closed_form(recipe: Recipe) -> None:
    settings = with_training(recipe, learning_rate=1.0, warmup_steps=10, max_steps=110)
    rates = [learning_rate(settings, step) for step in (0, 9, 10, 60, 110, 500)]
    half = FINAL_RATE + (1 - FINAL_RATE) * 0.5
    assert rates == pytest.approx([0.1, 1.0, 1.0, half, FINAL_RATE, FINAL_RATE])


def test_non_finite_steps_are_skipped_then_stop_the_run(recipe: Recipe, tmp_path: Path) -> None:
    trainer = Trainer(recipe, tmp_path, quiet)
    before = {k: w.clone() for k, w in trainer.separator.state_dict().items()}
    bad = (torch.full((2, 2, 2, 31 * 64), math.nan), torch.tensor([4000.0, 4000.0]))
    assert math.isnan(trainer._train_step(bad))
    assert all(torch.equal(w, before[k]) for k, w in trainer.separator.state_dict().items())
    with pytest.raises(ModelError, match="not finite"):
        for _ in range(MAX_BAD_STEPS):
            trainer._train_step(bad)


def test_fine_tuning_starts_from_the_model(recipe: Recipe, tmp_path: Path) -> None:
    train(recipe, tmp_path / "run")
    trainer = Trainer(dataclasses.replace(recipe, seed=9), tmp_path / "other", quiet)
    trainer.start_from(str(tmp_path / "run" / "last.safetensors"))
    kept = load_file(tmp_path / "run" / "last.safetensors")
    for name, weight in trainer.separator.state_dict().items():
        assert torch.equal(weight, kept[name].float())


def test_fine_tuning_refuses_another_architecture(recipe: Recipe, tmp_path: Path) -> None:
    train(recipe, tmp_path / "run")
    wider = dataclasses.replace(
        recipe, backbone=dataclasses.replace(recipe.backbone, params={"widths": [5, 8]})
    )
    with pytest.raises(ModelError, match="another architecture"):
        Trainer(wider, tmp_path / "other", quiet).start_from(
            str(tmp_path / "run" / "last.safetensors")
        )


def test_a_damaged_state_is_named(recipe: Recipe, tmp_path: Path) -> None:
    (tmp_path / "state.safetensors").write_bytes(b"half a file")
    with pytest.raises(ModelError, match="cannot resume"):
        train(recipe, tmp_path)


def test_missing_validation_stem_is_named(recipe: Recipe, tmp_path: Path) -> None:
    (tmp_path / "one" / "vocals.wav").unlink()
    with pytest.raises(DataError, match="one is missing"):
        train(recipe, tmp_path / "run")


def test_only_voices_are_trained(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"use \[vocals\]"):
        Trainer(dataclasses.replace(recipe, targets=["drums"]), tmp_path, quiet)


def test_a_run_that_has_begun_is_not_started_again(recipe: Recipe, tmp_path: Path) -> None:
    train(recipe, tmp_path / "run")
    with pytest.raises(ModelError, match="has begun"):
        Trainer(recipe, tmp_path / "run", quiet).start_from("vocals")


def test_a_run_folder_that_cannot_be_made_is_named(recipe: Recipe, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match=r"recipe\.json: cannot be written"):
        train(recipe, tmp_path / "file" / "run")


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
