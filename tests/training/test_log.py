"""The log: JSON lines always, TensorBoard if asked."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from tests.training.toy import Notes, Toy, ToyTask, settings
from vocalsep.errors import RecipeError
from vocalsep.training.log import Log, Meter
from vocalsep.training.task import Exhibit
from vocalsep.training.trainer import Trainer
from vocalsep.training.world import World


def test_tensorboard_gets_curves_pictures_and_sounds(tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    training = settings(max_steps=5)
    task = ToyTask(training, Toy())
    trainer = Trainer(task, training, tmp_path, Notes(), World(), tensorboard=True)
    trainer.run()
    trainer.log.close()
    board = accumulator.EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    tags = board.Tags()
    wanted = {"loss", "learning_rate", "data_wait_percent", "score", "validation/0/error"}
    assert wanted <= set(tags["scalars"])
    assert tags["images"] == ["weights"] and tags["audio"] == ["tone"]
    assert board.Images("weights")[0].height == 16
    assert board.Scalars("score")[0].step == 5


def test_missing_tensorboard_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(RecipeError, match=r"pip install 'vocalsep\[train\]'"):
        Log(tmp_path, tensorboard=True)


def test_other_ranks_write_nothing(tmp_path: Path) -> None:
    Log(tmp_path, enabled=False, tensorboard=True).write({"step": 1})
    assert not list(tmp_path.iterdir())


def test_a_heat_map_spans_black_to_white() -> None:
    data = Exhibit.heat_map("x", np.array([[1.0, 3.0], [2.0, 1.0]])).data
    assert data.shape == (3, 2, 2) and data.dtype == np.uint8
    assert data[0].tolist() == [[0, 255], [127, 0]]
    assert not Exhibit.heat_map("flat", np.ones((2, 2))).data.any()


def test_data_wait_is_a_share_of_the_time() -> None:
    meter = Meter()
    meter.waited, meter.worked = 1.0, 3.0
    meter.note(2.0, {"a": 1.0}, 0.0)
    meter.note(4.0, {"a": 5.0}, 0.0)
    assert meter.record() == {"loss": 3.0, "a": 5.0, "data_wait_percent": 25.0}
