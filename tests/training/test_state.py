"""States on disk, the average, and the difference of recipes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from vocalsep.errors import ModelError
from vocalsep.training.checkpoints import Checkpoints
from vocalsep.training.ema import Average
from vocalsep.training.run_folder import differences
from vocalsep.training.state import read_state, write_state


def test_a_tree_comes_back_as_it_was(tmp_path: Path) -> None:
    shared = torch.arange(6.0).reshape(2, 3)
    tree: dict[str, Any] = {
        "state": {0: {"step": torch.tensor(3.0), "avg": shared}, 12: {"avg": shared.T}},
        "param_groups": [{"lr": 0.1, "betas": [0.9, 0.99], "params": [0, 12], "name": None}],
        "progress": {"best": -math.inf, "text": "a/b", "on": True},
        "rng": [{"cpu": torch.get_rng_state()}],
        "empty": {},
    }
    write_state(tmp_path / "x.safetensors", tree)
    found = read_state(tmp_path / "x.safetensors")
    assert found["state"].keys() == {0, 12}
    assert torch.equal(found["state"][12]["avg"], shared.T)
    assert torch.equal(found["rng"][0]["cpu"], tree["rng"][0]["cpu"])
    assert found["param_groups"] == tree["param_groups"]
    assert found["progress"] == tree["progress"] and found["empty"] == {}


@pytest.mark.parametrize("content", [b"", b"not a state", None])
def test_what_is_no_state_is_named(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"x\.safetensors: cannot resume") as caught:
        read_state(path)
    assert "\n" not in str(caught.value)


def test_the_last_k_states_stay(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, keep=3)
    assert checkpoints.newest() is None
    for step in (5, 10, 200, 15):
        checkpoints.write(step, {"step": step})
    assert checkpoints.steps() == [10, 15, 200]
    assert checkpoints.newest() == {"step": 200}


def test_the_average_closed_form() -> None:
    """a ← d·a + (1 − d)·w with d = min(decay, (1 + s) / (10 + s)); counters are copied."""
    network = nn.BatchNorm1d(1)
    average = Average(network, 0.5)
    expected = 1.0
    for step, value in enumerate((2.0, 4.0, -1.0, 8.0)):
        with torch.no_grad():
            network.weight.fill_(value)
            assert network.num_batches_tracked is not None
            network.num_batches_tracked.fill_(step)
        average.update(step)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value
    assert average.weights["weight"].item() == pytest.approx(expected)
    assert average.weights["num_batches_tracked"].item() == 3
    with average.in_place():
        assert network.weight.item() == pytest.approx(expected) and not network.training
    assert network.weight.item() == 8.0 and network.training


def test_differences_are_found_at_any_depth() -> None:
    before = {"a": {"b": [1, 2], "c": 3}, "d": 4, "gone": 5}
    now = {"a": {"b": [1, 3], "c": 3}, "d": 4, "new": {"x": 1}}
    assert list(differences(before, now)) == [
        ("a.b", [1, 2], [1, 3]),
        ("gone", 5, None),
        ("new", None, {"x": 1}),
    ]
