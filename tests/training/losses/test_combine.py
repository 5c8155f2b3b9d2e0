"""The weighted sum of losses."""

from __future__ import annotations

import pytest

from tests.training.losses.signals import noise, of_waveforms
from tests.training.losses.test_contract import value
from vocalsep.errors import RecipeError
from vocalsep.recipe import Part
from vocalsep.training.losses import build_loss


def test_it_is_the_weighted_sum() -> None:
    pair = of_waveforms(noise(seed=1)), of_waveforms(noise())
    parts = [
        {"name": "magnitude_l1", "params": {"residual_weight": 0.5}, "weight": 2.0},
        {"name": "multi_resolution_stft", "params": {"n_ffts": [32, 64]}},
    ]
    whole = value(build_loss(Part("weighted_sum", {"parts": parts})), *pair).item()
    first, second = (value(build_loss(Part(p["name"], p["params"])), *pair).item() for p in parts)  # type: ignore[arg-type]
    assert whole == pytest.approx(2 * first + second, rel=1e-6)


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ([], "parts is empty"),
        ([{"nam": "sdr"}], "expected name"),
        ([{"name": "sdr", "wieght": 1}], "expected name"),
        ([{"name": "sdrr"}], "did you mean 'sdr'"),
    ],
)
def test_mistakes_are_named(parts: list[dict[str, object]], says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        build_loss(Part("weighted_sum", {"parts": parts}))
