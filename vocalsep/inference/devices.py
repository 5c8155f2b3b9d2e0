"""Choose where and in which number format the network runs, and say why."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from vocalsep.errors import DeviceError
from vocalsep.inference.quality import Precision

DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True)
class DeviceChoice:
    """A device and the reason for it, e.g. "cpu: no CUDA or MPS device found"."""

    device: torch.device
    reason: str

    def __str__(self) -> str:
        return f"{self.device}: {self.reason}"


def choose_device(name: str = "auto") -> DeviceChoice:
    """Find the device called `name` ("auto", "cpu", "cuda", "cuda:1", "mps").

    Raises:
        DeviceError: the name is not a device, or the device is not there.
    """
    if name == "auto":
        return _best_device()
    kind = name.partition(":")[0]
    if kind not in DEVICES:
        raise DeviceError(f"unknown device {name!r}: choose one of {', '.join(DEVICES)}")
    missing = _why_missing(kind)
    if missing:
        raise DeviceError(f"device {name!r} is not available: {missing}; try --device cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise DeviceError(f"unknown device {name!r}: expected a form like cuda:0") from error
    n_devices = torch.cuda.device_count() if kind == "cuda" else 1
    if (device.index or 0) >= n_devices:
        raise DeviceError(f"device {name!r} is not available: this machine has {n_devices}")
    return DeviceChoice(device, "asked for")


def _best_device() -> DeviceChoice:
    if not _why_missing("cuda"):
        return DeviceChoice(torch.device("cuda"), torch.cuda.get_device_name())
    if not _why_missing("mps"):
        return DeviceChoice(torch.device("mps"), "Apple graphics processor")
    return DeviceChoice(torch.device("cpu"), f"{_why_missing('cuda')}, {_why_missing('mps')}")


def _why_missing(kind: str) -> str | None:
    """Why no device of this kind can be used; None if one can."""
    if kind == "cuda" and not torch.cuda.is_available():
        built = torch.version.cuda is not None
        return "no CUDA device found" if built else "this torch was built without CUDA"
    if kind == "mps" and not torch.backends.mps.is_available():
        built = torch.backends.mps.is_built()
        return "no MPS device found" if built else "this torch was built without MPS"
    return None


def has_native_bfloat16(device: torch.device) -> bool:
    """Whether the device computes in bfloat16 itself: emulated, it is slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        return any(
            _cpu_has(name) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        )
    return False


def _cpu_has(probe: str) -> bool:
    # torch offers these two only under private names; a torch without them has no fast path.
    function = getattr(torch.cpu, probe, None)
    return bool(function and function())


def choose_dtype(precision: Precision, device: torch.device) -> torch.dtype:
    """The number format of the network for a precision on a device."""
    native = precision == "auto" and has_native_bfloat16(device)
    return torch.bfloat16 if native or precision == "bfloat16" else torch.float32
