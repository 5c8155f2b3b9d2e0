"""What a network cannot be or do is said in one line: what is wrong, and what would be right."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.backbones.contract import build, noise
from vocalsep.backbones import BACKBONES
from vocalsep.backbones.listing import on_meta
from vocalsep.errors import RecipeError

IMPOSSIBLE: list[tuple[str, dict[str, Any], str]] = [
    ("unet_clasic", {}, "did you mean 'unet_classic'"),
    ("unet_classic", {"widht": [4, 8]}, "did you mean 'widths'"),
    ("unet_classic", {"widths": [4]}, "2 to 12 numbers of channels"),
    ("unet_classic", {"widths": "wide"}, "expected a list"),
    ("unet_classic", {"norm": "bach"}, "did you mean 'batch'"),
    ("unet_classic", {"up": "bilinaer"}, "did you mean 'bilinear'"),
    ("swiftnet", {"encoder": "resnet17"}, "did you mean 'resnet18'"),
    ("swiftnet", {"encoder_params": {"widht": 1}}, "did you mean 'width'"),
    ("swiftnet", {"width": 0}, "choose a larger width"),
    ("swiftnet", {"grids": [8, 0]}, "each of 1 cell or more"),
    ("bisenet", {"spatial_strides": [2, 2]}, "a list of 3"),
    ("bisenet", {"spatial_strides": [2, 0, 2]}, "stride 0: expected 1 or more"),
    ("pspnet", {"bins": []}, "one grid or more"),
    ("deeplab_v2", {"rates": []}, "one rate or more"),
    ("deeplab_v3", {"output_stride": 7}, "choose one of: 16, 8"),
    ("fast_scnn", {"strides": [2, 2]}, "a list of 3"),
    ("lr_aspp", {"low": 7}, "choose one of: 0, 1, 2, 3, 4"),
    ("nn_unet", {"widths": [4, 8], "strides": [1]}, "2 entries"),
    ("tfc_tdf_v1", {"n_convs": 0}, "n_convs is 0: expected 1 or more"),
    ("trans_unet", {"n_heads": 5}, "a divisor of hidden, which is 768"),
    ("trans_unet", {"positions": [0, 4]}, "1 or more along each axis"),
    ("dsspn", {"tree": [0, [0]]}, "each output from 0 to 1 once"),
]


@pytest.mark.parametrize(("name", "params", "says"), IMPOSSIBLE)
def test_impossible_networks(name: str, params: dict[str, Any], says: str) -> None:
    with pytest.raises(RecipeError, match=says) as caught:
        on_meta(name, (2, 2), params)
    assert "\n" not in str(caught.value)


def test_other_bins_than_those_it_was_built_for() -> None:
    net = build("tfc_tdf_v2", (20, 16))
    with pytest.raises(RecipeError, match=r"24 bins do not fit .* n_bins=20: .* n_bins=24"):
        net(noise(1, 2, 24, 16))


def test_one_example_is_too_few_for_a_norm_behind_a_mean_of_everything() -> None:
    net = build("bisenet", (64, 64)).train()
    with pytest.raises(RecipeError, match=r"1 example.* of 64 × 64 .* 2 examples or more"):
        net.forward_all(noise(1, 2, 64, 64))
    assert torch.isfinite(net.forward_all(noise(2, 2, 64, 64))[0][1]).all()
    assert torch.isfinite(net.eval()(noise(1, 2, 64, 64))).all()


def test_other_mistakes_stay_what_they_are() -> None:
    class Broken(BACKBONES.get("unet")):  # type: ignore[misc]
        def transform(self, features: torch.Tensor) -> torch.Tensor:
            raise ValueError("our own")

    with pytest.raises(ValueError, match="our own"):
        Broken(1, 1, widths=[4])(noise(1, 1, 8, 8))
