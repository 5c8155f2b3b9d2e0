"""Separators around networks that are known exactly, for tests of everything but networks."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from torch import Tensor

from vocalsep.inference import separator as separator_module
from vocalsep.inference.options import RunOptions
from vocalsep.inference.separator import Separator
from vocalsep.models.identity import IdentitySeparator

CPU = RunOptions(device="cpu")


def identity_separator(gain: float = 1.0, chunk_samples: int = 4096) -> Separator:
    """A separator whose vocals are `gain` times the mixture."""
    network = IdentitySeparator(gain=gain, chunk_samples=chunk_samples)
    return Separator(network, "identity", "0" * 64, CPU)


def four_stems(chunk_samples: int = 4096) -> IdentitySeparator:
    """Vocals, drums and bass are ½, ¼ and ⅛ of the mixture; a target "other" is not used."""
    targets = ("vocals", "drums", "bass", "other")
    return IdentitySeparator(
        targets=targets, residual="other", gain=0.5, chunk_samples=chunk_samples
    )


class SignFlip(IdentitySeparator):
    """Estimates −mixture: the residual is twice the mixture and clips when that is loud."""

    def forward(self, mixture: Tensor) -> Tensor:
        return -super().forward(mixture)


def use_network(monkeypatch: pytest.MonkeyPatch, network: IdentitySeparator) -> None:
    """Make every model name load `network`."""
    card = SimpleNamespace(name="fake", sha256="f" * 64)
    monkeypatch.setattr(separator_module, "load_separator", lambda name: (network, card))
