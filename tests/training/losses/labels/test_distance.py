"""Distance transform and connected components against scipy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from vocalsep.training.losses.labels.components import components
from vocalsep.training.losses.labels.distance import distances_across, distances_to

SAMPLINGS = {1: (0.5,), 2: (3.0, 0.7), 3: (2.0, 0.5, 1.3)}


def noise(shape: tuple[int, ...], share: float, seed: int) -> torch.Tensor:
    """(2, 2, *shape) masks, a share of them True."""
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.random((2, 2, *shape)) < share)


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=3),
    st.sampled_from([0.01, 0.1, 0.5, 0.95]),
    st.booleans(),
    st.integers(0, 99),
)
def test_distances_are_those_of_scipy(
    shape: list[int], share: float, isotropic: bool, seed: int
) -> None:
    sampling = (1.0,) * len(shape) if isotropic else SAMPLINGS[len(shape)]
    targets = noise(tuple(shape), share, seed)
    found = distances_to(targets, () if isotropic else sampling)
    for index in np.ndindex(2, 2):
        if targets[index].any():
            expected = ndimage.distance_transform_edt(~targets[index].numpy(), sampling)
            np.testing.assert_allclose(found[index].numpy(), expected, rtol=1e-6)
        else:
            assert found[index].isinf().all()


def test_distances_of_a_larger_picture() -> None:
    targets = noise((70, 90), 0.001, 1)
    expected = ndimage.distance_transform_edt(~targets[0, 0].numpy())
    assert expected.max() > 20
    np.testing.assert_allclose(distances_to(targets)[0, 0].numpy(), expected, rtol=1e-6)


def test_distances_across_a_boundary() -> None:
    masks = torch.tensor([[[[1, 1, 1, 0, 0, 1]]]], dtype=torch.bool)
    known = torch.tensor([[[[1, 1, 1, 1, 1, 0]]]], dtype=torch.bool)
    assert distances_across(masks, known).tolist() == [[[[3, 2, 1, 1, 2, 0]]]]
    assert not distances_across(torch.ones_like(masks), known).any()


@pytest.mark.parametrize("sampling", [(1.0,), (1.0, 0.0)])
def test_sampling_must_fit(sampling: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="expected 2 numbers above 0"):
        distances_to(noise((3, 3), 0.5, 0), sampling)


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=3),
    st.sampled_from([0.1, 0.4, 0.9]),
    st.integers(0, 99),
)
def test_components_are_those_of_scipy(shape: list[int], share: float, seed: int) -> None:
    masks = noise(tuple(shape), share, seed)
    found = components(masks)
    for index in np.ndindex(2, 2):
        expected, n = ndimage.label(masks[index].numpy(), np.ones((3,) * len(shape)))
        pairs = set(zip(expected.flat, found[index].flatten().tolist(), strict=True)) - {(0, 0)}
        assert len(pairs) == n
        assert all(a and b for a, b in pairs)
        assert len({b for _, b in pairs}) == n


def test_components_along_a_winding_way() -> None:
    spiral = torch.zeros(1, 1, 9, 9, dtype=torch.bool)
    spiral[..., ::2, :] = True
    spiral[..., 1::4, -1] = True
    spiral[..., 3::4, 0] = True
    assert components(spiral).unique().numel() == 2
