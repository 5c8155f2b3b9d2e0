"""The world of one process, and what the environment says."""

from __future__ import annotations

import pytest
import torch

from vocalsep.errors import DeviceError
from vocalsep.training.world import World, joined, place, world_of_environment


def test_alone_everything_is_as_it_is() -> None:
    world = World()
    value = torch.tensor([1.0, 2.0])
    assert world.writes and world.sum(value) is value
    assert world.gather("x") == ["x"]
    assert world.any(True) and not world.any(False)


def test_the_variables_of_torchrun_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert world_of_environment() == World()
    for name, value in {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    world = world_of_environment()
    assert world == World(5, 8, 1) and not world.writes


def test_a_device_that_is_not_there_is_named() -> None:
    assert place("cpu", World(1, 2, 1)).type == "cpu"
    with pytest.raises(DeviceError):
        place("cuda:99", World())


@pytest.mark.parametrize(
    ("reason", "error"),
    [("[gloo] Connection closed by peer", DeviceError), ("shapes differ", RuntimeError)],
)
def test_a_process_that_is_gone_is_one_line(
    reason: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.distributed.init_process_group", lambda backend: None)
    monkeypatch.setattr("torch.distributed.destroy_process_group", lambda: None)
    with (
        pytest.raises(error, match=reason.rsplit(maxsplit=1)[-1]),
        joined(World(0, 2), torch.device("cpu")),
    ):
        raise RuntimeError(reason)
