"""Every network is the backbone of a separator when a recipe changes one name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from vocalsep.backbones import BACKBONES
from vocalsep.models.build import build_separator
from vocalsep.recipe import Audio, Part, Recipe

AUDIO = Audio(n_fft=128, hop_length=64, n_bins=60)  # 1.3 kHz wide at 44.1 kHz
SPECTRAL = [name for name in BACKBONES.names() if 2 in BACKBONES.get(name).about.ndims]
TEMPORAL = [name for name in BACKBONES.names() if 1 in BACKBONES.get(name).about.ndims]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Networks this small are faster without the hand-over between threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def check(name: str, separator: str) -> None:
    thin = dict(BACKBONES.get(name).about.thin)
    recipe = Recipe(
        "test", audio=AUDIO, separator=Part(separator), backbone=Part(name, thin), chunk_frames=16
    )
    torch.manual_seed(0)
    built = build_separator(recipe).eval()
    mixture = torch.randn(1, 2, 1111)
    with torch.inference_mode():
        estimates = built(mixture)
    assert estimates.shape == (1, 1, 2, 1111)
    assert torch.isfinite(estimates).all()


@pytest.mark.parametrize("name", SPECTRAL)
def test_masks(name: str) -> None:
    check(name, "mask")


@pytest.mark.parametrize("name", TEMPORAL)
def test_waveforms(name: str) -> None:
    check(name, "waveform")
