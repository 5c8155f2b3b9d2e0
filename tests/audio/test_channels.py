"""Channel groups: what goes through a stereo model together."""

from __future__ import annotations

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocalsep.audio.channels import groups_for

LAYOUTS = ["mono", "stereo", "2.1", "3.0", "quad", "5.0", "5.1", "5.1(side)", "6.1", "7.1"]
LAYOUTS += ["7.1(wide)", "5.1.2", "7.1.4", "hexadecagonal", "22.2", "3.0(back)", "downmix"]


@pytest.mark.parametrize(
    ("n_channels", "layout", "groups"),
    [
        (1, "mono", ((0,),)),
        (1, None, ((0,),)),
        (2, "stereo", ((0, 1),)),
        (2, None, ((0, 1),)),
        (3, "2.1", ((0, 1),)),
        (3, "3.0", ((0, 1), (2,))),
        (4, "quad", ((0, 1), (2, 3))),
        (4, "4.0", ((0, 1), (2,), (3,))),
        (6, "5.1", ((0, 1), (2,), (4, 5))),
        (6, "5.1(side)", ((0, 1), (2,), (4, 5))),
        (7, "6.1", ((0, 1), (2,), (4,), (5, 6))),
        (8, "7.1", ((0, 1), (2,), (4, 5), (6, 7))),
        (6, None, ((0, 1), (2,), (4, 5))),
        (8, None, ((0, 1), (2,), (4, 5), (6, 7))),
        (5, None, ((0, 1), (2, 3), (4,))),
        (4, "5.1", ((0, 1), (2, 3))),  # a layout that does not fit is none
        (2, "nonsense", ((0, 1),)),
    ],
)
def test_groups(n_channels: int, layout: str | None, groups: tuple[tuple[int, ...], ...]) -> None:
    assert groups_for(n_channels, layout).groups == groups


@given(layout=st.sampled_from(LAYOUTS), n_samples=st.integers(0, 9))
def test_merge_undoes_split_and_leaves_lfe_silent(layout: str, n_samples: int) -> None:
    names = [channel.name for channel in av.AudioLayout(layout).channels]
    block = np.random.default_rng(0).standard_normal((len(names), n_samples)).astype(np.float32)
    grouping = groups_for(len(names), layout)
    split = grouping.split(block)
    assert split.shape == (len(grouping.groups), 2, n_samples)
    merged = grouping.merge(split)
    voiced = np.array([not name.startswith("LFE") for name in names])
    np.testing.assert_array_equal(merged, block * voiced[:, None])
    assert merged.dtype == block.dtype


@given(n_channels=st.integers(1, 20).filter(lambda n: n not in (6, 8)))
def test_unknown_layouts_keep_every_channel(n_channels: int) -> None:
    block = np.arange(n_channels * 3.0).reshape(n_channels, 3)
    grouping = groups_for(n_channels, None)
    np.testing.assert_array_equal(grouping.merge(grouping.split(block)), block)


def test_a_single_channel_gets_the_mean_of_both_sides() -> None:
    voice = np.array([[[1.0, 2.0], [3.0, 6.0]]])  # (G=1, 2, n=2)
    np.testing.assert_array_equal(groups_for(1, "mono").merge(voice), [[2.0, 4.0]])


def test_left_and_right_are_not_swapped() -> None:
    block = np.arange(6.0)[:, None]
    np.testing.assert_array_equal(
        groups_for(6, "5.1").split(block)[:, :, 0], [[0, 1], [2, 2], [4, 5]]
    )
