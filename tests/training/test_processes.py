"""Real processes: killed and resumed, and several that train together."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.training.test_trainer import assert_same_state, records
from tests.training.toy import Toy, toy_trainer
from vocalsep.training.state import read_state

ROOT = Path(__file__).parents[2]


AFTER_THE_TOY = """
import os
from tests.training.toy import main

main()
folder = "/proc/self/task"
names = [open(f"{folder}/{thread}/comm").read() for thread in os.listdir(folder)]
assert "python" in "".join(names), names
assert not any("gloo" in name for name in names), names
"""


def start(run: Path, settings: dict[str, Any], world: int = 1) -> list[subprocess.Popen[str]]:
    """The toy in processes of its own."""
    return spawn(["-m", "tests.training.toy", str(run), json.dumps(settings)], world)


def spawn(arguments: list[str], world: int) -> list[subprocess.Popen[str]]:
    """Processes of Python with the variables that torchrun sets."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = []
    for rank in range(world):
        place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": world, "MASTER_PORT": port}
        variables = {key: str(value) for key, value in place.items()}
        started.append(
            subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env={**os.environ, **variables, "MASTER_ADDR": "127.0.0.1"},
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    return started


def finish(processes: list[subprocess.Popen[str]]) -> list[tuple[int, str]]:
    """Exit code and standard error of each."""
    errors = [process.communicate(timeout=120)[1] for process in processes]
    return [(p.returncode, error) for p, error in zip(processes, errors, strict=True)]


def state(run: Path, step: int) -> dict[str, Any]:
    return read_state(run / "states" / f"step-{step:08d}.safetensors")


def test_20_steps_are_10_and_a_kill_and_10(tmp_path: Path) -> None:
    """Weights, average, optimiser, schedule, random numbers, data position: bit for bit."""
    dropout = {"dropout": 0.3}
    shape = {"optimizer": {"name": "adamw"}, "validate_every": 10}
    [(code, _)] = finish(start(tmp_path / "parts", {**shape, "toy": {**dropout, "kill_at": 13}}))
    assert code == -signal.SIGKILL
    assert [path.name for path in (tmp_path / "parts" / "states").iterdir()] == [
        "step-00000010.safetensors"
    ]
    again = start(tmp_path / "parts", {**shape, "toy": dropout})
    whole = start(tmp_path / "whole", {**shape, "toy": dropout})
    for code, error in finish([*again, *whole]):
        assert code == 0, error
    one, other = state(tmp_path / "parts", 20), state(tmp_path / "whole", 20)
    assert {"network", "average", "optimiser", "schedule", "rng", "progress"} <= set(one)
    assert_same_state(one, other)
    models = [load_file(tmp_path / run / "last.safetensors") for run in ("parts", "whole")]
    assert_same_state(*models)


def test_two_ranks_give_the_weights_of_one_process(tmp_path: Path) -> None:
    """With a masked loss that weighs the ranks' shares differently, and an unused layer."""
    alone = toy_trainer(tmp_path / "alone", Toy(idle=True), batch_size=7)
    alone.run()
    settings = {"batch_size": 7, "accumulate": 2, "toy": {"idle": True}}
    for code, error in finish(start(tmp_path / "two", settings, world=2)):
        assert code == 0, error
    found = state(tmp_path / "two", 20)
    for name, weight in alone.task.network.state_dict().items():
        torch.testing.assert_close(found["network"][name], weight, rtol=0, atol=1e-9)
        torch.testing.assert_close(
            found["average"][name], alone.average.weights[name], rtol=0, atol=1e-9
        )
    one, two = records(tmp_path / "alone"), records(tmp_path / "two")
    assert [r["step"] for r in two] == [r["step"] for r in one]  # rank 0 alone writes
    for a, b in zip(one, two, strict=True):
        if "validation" in a:  # shared out and gathered
            assert b["validation"].keys() == a["validation"].keys()
            assert b["score"] == pytest.approx(a["score"], abs=1e-9)
        else:
            assert b["loss"] == pytest.approx(a["loss"], abs=2e-5)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted in /proc")
def test_no_thread_between_processes_outlives_the_training(tmp_path: Path) -> None:
    """Else a process aborts once in a while, when all its work is done."""
    toy = json.dumps({"max_steps": 2, "toy": {"idle": True}})
    for code, error in finish(spawn(["-c", AFTER_THE_TOY, str(tmp_path), toy], world=2)):
        assert code == 0, error


@pytest.mark.slow
def test_a_rank_that_dies_leaves_no_half_file_and_the_rest_goes_on(tmp_path: Path) -> None:
    dying = {"toy": {"kill_at": 13, "kill_rank": 1}}
    [(first, error), (second, _)] = finish(start(tmp_path, dying, world=2))
    assert second == -signal.SIGKILL and first != 0
    assert "DeviceError: another of the 2 processes is gone" in error
    assert not list(tmp_path.rglob("*.tmp"))
    for path in tmp_path.rglob("*.safetensors"):
        load_file(path)
    for code, error in finish(start(tmp_path, {}, world=2)):
        assert code == 0, error
    assert state(tmp_path, 20)["progress"]["step"] == 20


@pytest.mark.slow
def test_a_signal_to_one_rank_stops_all(tmp_path: Path) -> None:
    stopped = {"toy": {"term_at": 6, "kill_rank": 1}}
    for code, error in finish(start(tmp_path, stopped, world=2)):
        assert code == 0, error
    assert state(tmp_path, 7)["progress"]["step"] == 7
