"""Device choice and what happens when memory runs out."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import torch
from torch import Tensor

from vocalsep.errors import DeviceError, VocalsepError
from vocalsep.inference import devices
from vocalsep.inference.devices import choose_device, choose_dtype
from vocalsep.inference.engine import Engine
from vocalsep.inference.quality import QUALITIES, find_quality
from vocalsep.models.identity import IdentitySeparator


class Greedy(IdentitySeparator):
    """Runs out of memory above a number of samples, as a small graphics processor would."""

    def __init__(
        self, max_samples: int, message: str = "CUDA out of memory", margin_samples: int = 0
    ) -> None:
        super().__init__(margin_samples=margin_samples)
        self.max_samples = max_samples
        self.message = message

    def forward_valid(self, mixture: Tensor) -> Tensor:
        if mixture.shape[0] * mixture.shape[-1] > self.max_samples:
            raise RuntimeError(self.message)
        return super().forward_valid(mixture)


def mixture(batch: int, n_samples: int) -> Tensor:
    return torch.rand(batch, 2, n_samples, generator=torch.Generator().manual_seed(0)) - 0.5


def test_estimate_has_the_shape_of_the_contract() -> None:
    network = IdentitySeparator(targets=("a", "b"), margin_samples=50)
    estimates = Engine(network, "cpu").estimate(mixture(3, 1000))
    assert estimates.shape == (3, 2, 2, 900)
    assert estimates.dtype == torch.float32


@pytest.mark.parametrize(
    ("limit", "steps"),
    [
        (4 * 65536, 0),
        (2 * 65536, 1),  # batch of 2
        (65536, 2),  # batch of 1
        (32768, 3),  # and half the chunk
        (16384, 4),
    ],
)
def test_back_off_gives_the_same_samples(
    limit: int, steps: int, caplog: pytest.LogCaptureFixture
) -> None:
    audio = mixture(4, 65536)
    with caplog.at_level(logging.WARNING, "vocalsep"):
        estimates = Engine(Greedy(limit), "cpu").estimate(audio)
    np.testing.assert_allclose(estimates[:, 0].numpy(), audio.numpy(), atol=5e-6)
    assert len(caplog.records) == steps
    assert all("\n" not in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("margin", [1, 5000])
def test_back_off_keeps_the_margins(margin: int, caplog: pytest.LogCaptureFixture) -> None:
    audio = mixture(2, 65536 + 2 * margin)
    with caplog.at_level(logging.WARNING, "vocalsep"):
        estimates = Engine(Greedy(16384 + 2 * margin, margin_samples=margin), "cpu").estimate(audio)
    assert f"chunks of {16384 + 2 * margin} samples" in caplog.text
    inside = audio[..., margin:-margin]
    np.testing.assert_allclose(estimates[:, 0].numpy(), inside.numpy(), atol=5e-6)


def test_back_off_is_remembered(caplog: pytest.LogCaptureFixture) -> None:
    engine = Engine(Greedy(65536), "cpu")
    with caplog.at_level(logging.WARNING, "vocalsep"):
        for _ in range(3):
            engine.estimate(mixture(2, 65536))
    assert len(caplog.records) == 1


def test_nothing_left_to_give_is_one_clear_line() -> None:
    with pytest.raises(DeviceError, match="out of memory on the CPU"):
        Engine(Greedy(100), "cpu").estimate(mixture(2, 65536))


def test_the_last_resort_of_another_device_is_the_cpu(caplog: pytest.LogCaptureFixture) -> None:
    network = Greedy(100)
    engine = Engine(network, "cpu")
    engine.choice = devices.DeviceChoice(torch.device("meta"), "a fake without any memory")
    network.to = lambda device: setattr(network, "max_samples", 10**9)  # type: ignore
    with caplog.at_level(logging.WARNING, "vocalsep"):
        engine.estimate(mixture(1, 20000))
    assert engine.device.type == "cpu"
    assert "going on with the CPU" in caplog.text


def test_other_errors_are_not_taken_for_memory() -> None:
    with pytest.raises(RuntimeError, match="shape"):
        Engine(Greedy(100, "shape mismatch"), "cpu").estimate(mixture(1, 1000))


def test_auto_says_why() -> None:
    choice = choose_device("auto")
    assert choice.reason
    assert choice.device.type in {"cpu", "cuda", "mps"}


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_missing_device_is_an_error(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(DeviceError, match=f"'{name}' is not available"):
        choose_device(name)
    assert choose_device("auto").device.type == "cpu"


@pytest.mark.parametrize("name", ["gpu", "", "cpu:x"])
def test_nonsense_is_not_a_device(name: str) -> None:
    with pytest.raises(DeviceError):
        choose_device(name)


def test_dtype_follows_precision_and_hardware(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = torch.device("cpu")
    for native, expected in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr(devices, "has_native_bfloat16", lambda device, n=native: n)
        assert choose_dtype("auto", cpu) == expected
        assert choose_dtype("float32", cpu) == torch.float32
        assert choose_dtype("bfloat16", cpu) == torch.bfloat16


def test_quality_names() -> None:
    assert QUALITIES["fast"].overlap < QUALITIES["normal"].overlap < QUALITIES["best"].overlap
    with pytest.raises(VocalsepError, match="did you mean 'normal'"):
        find_quality("normla")
