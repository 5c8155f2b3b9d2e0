"""nnU-Net's self-configuration: known plans, and what must hold for any data set."""

from __future__ import annotations

from math import prod

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vocalsep.backbones import BACKBONES
from vocalsep.backbones.plan import BUDGET, MIN_EDGE, Fingerprint, plan, target_spacing
from vocalsep.errors import RecipeError


def test_large_square_images() -> None:
    found = plan(Fingerprint([(512, 512)] * 1000, [(1.0, 1.0)] * 1000))
    assert found.patch == (512, 512)
    assert found.widths == [32, 64, 128, 256, 512, 512, 512, 512]
    assert found.total_stride == (128, 128)
    assert found.batch_size == 12


def test_small_volumes() -> None:
    """The plan of the Hippocampus data that MIC-DKFZ/nnUNet issue 148 shows."""
    found = plan(Fingerprint([(36, 50, 35)] * 260, [(1.0, 1.0, 1.0)] * 260, 1, 3))
    assert (found.patch, found.batch_size) == ((40, 56, 40), 9)
    assert found.strides == ((1, 1, 1), *[(2, 2, 2)] * 3)
    assert set(found.kernels) == {(3, 3, 3)}


def test_large_volumes() -> None:
    """The plan of the NIH pancreas data, coarser stage, that MIC-DKFZ/nnUNet issue 1081 shows."""
    spacing = (1.7987096, 1.54576606, 1.54576606)
    found = plan(Fingerprint([(120, 285, 285)] * 80, [spacing] * 80))
    assert (found.patch, found.batch_size) == ((80, 192, 160), 2)
    assert found.strides == ((1, 1, 1), *[(2, 2, 2)] * 4, (1, 2, 2))


def test_heart_volumes_of_thick_slices() -> None:
    """About the ACDC data: slices 5 mm apart, pixels of 1.56 mm."""
    found = plan(Fingerprint([(18, 256, 216)] * 200, [(5.0, 1.56, 1.56)] * 200, 1, 4))
    assert found.patch == (20, 256, 224)
    assert found.batch_size == 4
    assert found.strides == ((1, 1, 1), (1, 2, 2), (2, 2, 2), (2, 2, 2), (1, 2, 2), (1, 2, 2))
    assert found.kernels[:2] == ((1, 3, 3), (3, 3, 3))
    assert found.widths == [32, 64, 128, 256, 320, 320]


def test_more_memory_is_a_larger_patch() -> None:
    data = Fingerprint([(400, 400, 400)] * 50, [(1.0, 1.0, 1.0)] * 50)
    small, large = plan(data), plan(data, memory_gb=24.0)
    assert small.patch == (128, 128, 128)
    assert prod(large.patch) > 2 * prod(small.patch)


def test_a_batch_is_a_twentieth_of_the_data_at_most() -> None:
    for n_examples, batch_size in ((4, 2), (100, 5)):
        data = Fingerprint([(512, 512)] * n_examples, [(1.0, 1.0)] * n_examples)
        assert plan(data).batch_size == batch_size


def test_spacing_is_the_median_but_for_thick_slices() -> None:
    cubes = Fingerprint([(64, 64, 64)] * 3, [(1.0, 1.0, 1.0), (2.0, 1.0, 1.0), (3.0, 1.0, 1.0)])
    assert target_spacing(cubes) == (2.0, 1.0, 1.0)
    thick = Fingerprint([(9, 64, 64)] * 3, [(4.0, 1.0, 1.0), (6.0, 1.0, 1.0), (8.0, 1.0, 1.0)])
    assert target_spacing(thick) == (pytest.approx(4.4), 1.0, 1.0)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(4, 700), st.floats(0.2, 8.0)), min_size=2, max_size=3),
    st.integers(1, 300),
)
def test_whatever_the_data(axes: list[tuple[int, float]], n_examples: int) -> None:
    shape, spacing = zip(*axes, strict=True)
    data = Fingerprint([shape] * n_examples, [spacing] * n_examples)
    found = plan(data)
    assert found.n_values(data) <= BUDGET[len(axes)]
    assert found.batch_size >= 2
    for axis, n in enumerate(found.patch):
        assert n % found.total_stride[axis] == 0
        assert found.total_stride[axis] == 1 or n // found.total_stride[axis] >= MIN_EDGE


def test_the_plan_is_a_network_for_its_patch() -> None:
    data = Fingerprint([(30, 90, 110)] * 9, [(3.0, 1.0, 1.0)] * 9, in_channels=2, out_channels=3)
    found = plan(data)
    thin = {**found.params(), "widths": [2] * len(found.strides)}
    net = BACKBONES.build("nn_unet", thin, 2, 3).eval()
    assert net.transform(torch.zeros(1, 2, *found.patch)).shape == (1, 3, *found.patch)
    assert net.stride == found.total_stride


@pytest.mark.parametrize("shapes", [[], [(10,)], [(4, 4, 4, 4)]])
def test_what_cannot_be_planned(shapes: list[tuple[int, ...]]) -> None:
    with pytest.raises(RecipeError, match="number of axes"):
        plan(Fingerprint(shapes, [(1.0,) * len(shape) for shape in shapes]))
