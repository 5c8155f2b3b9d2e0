"""The loop, on a task that is not audio."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.training.toy import Notes, Toy, ToyTask, settings, toy_trainer
from vocalsep.errors import ModelError, OutputError, RecipeError
from vocalsep.recipe import Part
from vocalsep.training.log import Meter
from vocalsep.training.state import read_state
from vocalsep.training.trainer import Trainer
from vocalsep.training.world import World


def records(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def weights(trainer: Trainer[Any, Any]) -> dict[str, torch.Tensor]:
    return {k: w.clone() for k, w in trainer.task.network.state_dict().items()}


def assert_same_state(one: Any, other: Any, path: str = "") -> None:
    """Bit for bit, but for the clock."""
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other), path
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), path
        for key in one:
            if key != "seconds":
                assert_same_state(one[key], other[key], f"{path}/{key}")
    elif isinstance(one, list):
        for number, (a, b) in enumerate(zip(one, other, strict=True)):
            assert_same_state(a, b, f"{path}/{number}")
    else:
        assert one == other, path


def test_a_run_leaves_a_log_states_and_models(tmp_path: Path) -> None:
    trainer = toy_trainer(tmp_path, Toy(dropout=0.2))
    trainer.run()
    found = records(tmp_path)
    training = [r for r in found if "loss" in r]
    assert [r["step"] for r in training] == [5, 10, 15, 20]
    assert {"learning_rate", "data_wait_percent", "gradient_norm", "counter"} <= set(training[0])
    assert [r["step"] for r in found if "validation" in r] == [5, 10, 15, 20]
    states = sorted(path.name for path in (tmp_path / "states").iterdir())
    assert states == ["step-00000015.safetensors", "step-00000020.safetensors"]
    kept = load_file(tmp_path / "last.safetensors")
    assert all(torch.equal(w, kept[k]) for k, w in trainer.average.weights.items())
    assert isinstance(trainer.reporter, Notes)
    assert trainer.reporter.steps == list(range(1, 21))


def test_it_learns(tmp_path: Path) -> None:
    changes: dict[str, Any] = {"validate_every": 75, "batch_size": 32, "learning_rate": 0.02}
    trainer = toy_trainer(tmp_path, max_steps=75, optimizer=Part("adam"), **changes)
    untrained = trainer.task.validate(World()).score
    trainer.run()
    assert untrained is not None
    assert -trainer.at.best < 0.7 * -untrained


def test_the_best_model_is_that_of_the_best_score(tmp_path: Path) -> None:
    trainer = toy_trainer(tmp_path, max_steps=30, learning_rate=0.3, clip_norm=100.0)
    trainer.run()
    scores = {r["step"]: r["score"] for r in records(tmp_path) if "validation" in r}
    best = max(scores, key=scores.__getitem__)
    assert trainer.at.best == scores[best]
    task = ToyTask(settings())
    task.network.load_state_dict(load_file(tmp_path / "best.safetensors"))
    task.network.eval()
    validation = task.validate(World())
    assert validation.score == pytest.approx(scores[best])


@pytest.mark.parametrize("accumulate", [2, 3, 6])
def test_accumulated_gradients_are_those_of_the_whole_batch(
    accumulate: int, tmp_path: Path
) -> None:
    whole = toy_trainer(tmp_path / "whole", max_steps=5)
    parts = toy_trainer(tmp_path / "parts", max_steps=5, accumulate=accumulate)
    for trainer in (whole, parts):
        trainer.run()
    for name, weight in weights(whole).items():
        torch.testing.assert_close(weights(parts)[name], weight, rtol=0, atol=1e-12)


def test_gradients_are_clipped(tmp_path: Path) -> None:
    still = toy_trainer(tmp_path, clip_norm=1e-30, weight_decay=0.0, max_steps=3)
    before = weights(still)
    still.run()
    for name, weight in weights(still).items():
        torch.testing.assert_close(weight, before[name], rtol=0, atol=1e-20)


def test_non_finite_steps_are_skipped_dumped_and_then_stop_the_run(tmp_path: Path) -> None:
    trainer = toy_trainer(tmp_path, Toy(nan_from=12), max_bad_steps=3)
    with pytest.raises(ModelError, match=r"3 steps in a row were not finite at step 14") as caught:
        trainer.run()
    assert "\n" not in str(caught.value)
    assert all(torch.isfinite(w).all() for w in weights(trainer).values())
    assert sum("skipped" in r.get("warning", "") for r in records(tmp_path)) == 3
    dump = load_file(tmp_path / "bad-step-14-rank-0.safetensors")
    assert dump["inputs"].isnan().all()
    assert sorted((tmp_path / "states").iterdir())[-1].name == "step-00000010.safetensors"


def test_one_bad_step_changes_nothing_and_the_next_good_one_counts(tmp_path: Path) -> None:
    trainer = toy_trainer(tmp_path, Toy(nan_from=0))
    before = weights(trainer)
    batches, meter = trainer.task.batches(0, World()), Meter()
    trainer.train_step(next(batches), meter)
    assert all(torch.equal(w, before[k]) for k, w in weights(trainer).items())
    assert trainer.at.bad_steps == 1 and math.isnan(meter.losses[0])
    assert "loss" not in meter.record()
    good = ToyTask(trainer.training)
    trainer.train_step(next(good.batches(1, World())), meter)
    assert trainer.at.bad_steps == 0
    assert math.isfinite(meter.record()["loss"])


def test_training_stops_when_the_score_no_longer_rises(tmp_path: Path) -> None:
    trainer = toy_trainer(tmp_path, learning_rate=1e-30, patience=2, max_steps=500)
    trainer.run()
    assert [r["step"] for r in records(tmp_path) if "validation" in r] == [5, 10, 15]
    again = toy_trainer(tmp_path, learning_rate=1e-30, patience=2, max_steps=500)
    again.run()
    assert again.at.step == 15


def test_a_stop_signal_writes_the_state_and_the_rest_is_bit_equal(tmp_path: Path) -> None:
    toy = Toy(dropout=0.3)
    whole = toy_trainer(tmp_path / "whole", toy, log_every=1)
    whole.run()
    stopped = toy_trainer(tmp_path / "parts", Toy(dropout=0.3, term_at=7), log_every=1)
    stopped.run()
    assert stopped.at.step == 8  # the step in which the signal came is finished
    resumed = toy_trainer(tmp_path / "parts", toy, log_every=1)
    torch.rand(100)  # what the process drew before does not matter
    resumed.run()
    states = [
        read_state(tmp_path / run / "states" / "step-00000020.safetensors")
        for run in ("whole", "parts")
    ]
    assert_same_state(*states)


def test_plateaus_lower_the_rate_after_a_resumption_too(tmp_path: Path) -> None:
    changes: dict[str, Any] = {
        "schedule": Part("plateau", {"shrink": 0.5, "patience": 1}),
        "learning_rate": 1e-30,
        "warmup_steps": 0,
        "ema_decay": 0.0,
    }
    whole = toy_trainer(tmp_path / "whole", **changes)
    whole.run()
    toy_trainer(tmp_path / "parts", max_steps=10, **changes).run()
    resumed = toy_trainer(tmp_path / "parts", **changes)
    resumed.run()
    assert resumed.schedule.state_dict() == whole.schedule.state_dict()
    assert whole.rate() == 0.5**3 * 1e-30


def test_a_damaged_state_is_named(tmp_path: Path) -> None:
    toy_trainer(tmp_path, max_steps=5).run()
    state = tmp_path / "states" / "step-00000005.safetensors"
    state.write_bytes(state.read_bytes()[:-20])
    with pytest.raises(ModelError, match=r"step-00000005\.safetensors: cannot resume"):
        toy_trainer(tmp_path).run()


def test_the_state_of_another_network_is_named(tmp_path: Path) -> None:
    toy_trainer(tmp_path, max_steps=5).run()
    with pytest.raises(ModelError, match="cannot resume from it"):
        toy_trainer(tmp_path, Toy(idle=True)).run()


def test_another_recipe_is_refused_with_the_keys_that_differ(tmp_path: Path) -> None:
    toy_trainer(tmp_path, max_steps=5).run()
    with pytest.raises(RecipeError, match=r"training\.learning_rate 0\.05 → 0\.01") as caught:
        toy_trainer(tmp_path, max_steps=5, learning_rate=0.01).run()
    assert "-o" in str(caught.value) and "\n" not in str(caught.value)
    assert json.loads((tmp_path / "recipe.json").read_text())["training"]["learning_rate"] == 0.05
    toy_trainer(tmp_path, max_steps=10, keep_states=1, workers=3).run()  # these may change


def test_leftovers_of_a_killed_process_are_removed(tmp_path: Path) -> None:
    toy_trainer(tmp_path, max_steps=5).run()
    left = [tmp_path / ".vocalsep-last.safetensors.tmp", tmp_path / "states" / ".vocalsep-x.tmp"]
    for path in left:
        path.write_bytes(b"half")
    toy_trainer(tmp_path, max_steps=6).run()
    assert not any(path.exists() for path in left)


def test_a_run_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match=r"recipe\.json: cannot be written"):
        toy_trainer(tmp_path / "file" / "run").run()


def test_a_full_disk_keeps_the_last_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toy_trainer(tmp_path, max_steps=5).run()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vocalsep.models.checkpoint.save_file", full)
    with pytest.raises(OutputError, match="No space left on device"):
        toy_trainer(tmp_path, max_steps=10).run()
    monkeypatch.undo()
    read_state(tmp_path / "states" / "step-00000005.safetensors")
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.parametrize(("native", "dtype"), [(True, torch.bfloat16), (False, None)])
def test_auto_precision_is_bfloat16_only_where_that_is_native(
    native: bool, dtype: torch.dtype | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vocalsep.training.gradients.has_native_bfloat16", lambda device: native)
    assert toy_trainer(tmp_path, precision="auto").gradients.dtype == dtype


def test_fp16_scales_the_loss_and_keeps_its_scale(tmp_path: Path) -> None:
    trainer = toy_trainer(tmp_path, precision="fp16", max_steps=5)
    assert trainer.gradients.scaler.is_enabled()
    trainer.gradients.scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    trainer.run()
    resumed = toy_trainer(tmp_path, precision="fp16", max_steps=5)
    resumed.resume()
    assert resumed.gradients.scaler.get_scale() == 1024.0
