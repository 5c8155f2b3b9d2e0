"""Cropping and mirroring against PyTorch and by hand."""

from __future__ import annotations

import torch
from torch.nn import functional

from vocalsep.backbones.parts.borders import centre_crop, mirror_pad


def test_small_mirrors_are_those_of_torch() -> None:
    x = torch.randn(1, 2, 6, 5)
    padded = mirror_pad(x, [3, 1], [5, 4])
    assert torch.equal(padded, functional.pad(x, [1, 4, 3, 5], mode="reflect"))


def test_mirrors_of_one_value_and_of_more_than_the_size() -> None:
    assert torch.equal(mirror_pad(torch.ones(1, 1, 1), [2], [3]), torch.ones(1, 1, 6))
    x = torch.tensor([[[0.0, 1.0]]])
    assert mirror_pad(x, [3], [2]).flatten().tolist() == [1, 0, 1, 0, 1, 0, 1]


def test_centre_crop_undoes_even_padding() -> None:
    x = torch.randn(1, 1, 4, 7)
    assert torch.equal(centre_crop(mirror_pad(x, [2, 3], [2, 3]), (4, 7)), x)
