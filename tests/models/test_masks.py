"""Kinds of masks: closed forms and the promises of each."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from vocalsep.dsp.compress import compress_magnitude
from vocalsep.errors import RecipeError
from vocalsep.models.masks import MASKS

N_TARGETS = 3


def case(name: str, scale: float = 3.0) -> tuple[Tensor, Tensor]:
    """Raw values (B, S, n_values, C, F', T) of that kind and a mixture (B, C, F', T)."""
    generator = torch.Generator().manual_seed(0)
    size = (2, 5, 7)
    n_values = MASKS.get(name).n_values  # type: ignore[attr-defined]
    values = scale * torch.randn(2, N_TARGETS, n_values, *size, generator=generator)
    return values, torch.randn(2, *size, dtype=torch.complex64, generator=generator)


@pytest.mark.parametrize("name", MASKS.names())
def test_shapes_and_gradients_even_at_zero(name: str) -> None:
    for scale in (0.0, 3.0, 100.0):
        values, mixture = case(name, scale)
        mixture[0] = 0  # silence
        kind = MASKS.build(name, {})
        masks = kind.trained(values.requires_grad_(), mixture)
        assert masks.shape == (2, N_TARGETS, 4 if name == "mid_side" else 2, 5, 7)
        estimates = kind.apply(masks, mixture)
        assert estimates.shape == (2, N_TARGETS, 2, 5, 7)
        estimates.abs().sum().backward()
        assert values.grad is not None and torch.isfinite(values.grad).all()
        assert torch.isfinite(torch.view_as_real(masks + 0j)).all()


@pytest.mark.parametrize("name", [n for n in MASKS.names() if MASKS.get(n).shares])  # type: ignore[attr-defined]
def test_shared_masks_sum_to_one_when_separating(name: str) -> None:
    for scale in (0.0, 3.0, 100.0):
        values, mixture = case(name, scale)
        masks = MASKS.build(name, {}).separating(values, mixture)
        assert (masks >= 0).all()
        torch.testing.assert_close(masks.sum(1), torch.ones(2, 2, 5, 7))


def test_zero_heads() -> None:
    expected = {
        "sigmoid": 0.5,
        "mid_side": 0.5,
        "softmax": 1 / 3,
        "ratio": 1 / 3,
        "magnitude": 1 / 3,
        "complex": 0.0,
        "bounded_complex": 0.0,
        "direct": 0.0,
    }
    assert set(expected) == set(MASKS.names())
    for name, value in expected.items():
        kind, (values, mixture) = MASKS.build(name, {}), case(name, 0.0)
        estimates = kind.apply(kind.separating(values, mixture), mixture)
        expected_estimates = value * mixture.unsqueeze(1).expand_as(estimates)
        torch.testing.assert_close(estimates, expected_estimates)


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_ratio_closed_form(power: float) -> None:
    probability = torch.tensor([0.9, 0.3, 0.3])
    values = probability.logit().reshape(1, 3, 1, 1, 1, 1)
    mixture = torch.ones(1, 1, 1, 1, dtype=torch.complex64)
    kind = MASKS.build("ratio", {"power": power})
    torch.testing.assert_close(kind.trained(values, mixture).flatten(), probability)
    share = probability**power / (probability**power).sum()
    torch.testing.assert_close(kind.separating(values, mixture).flatten(), share)


def test_complex_masks_turn_and_the_bound_keeps_the_direction() -> None:
    values, mixture = case("complex")
    free = MASKS.build("complex", {}).trained(values, mixture)
    bounded = MASKS.build("bounded_complex", {}).trained(values, mixture)
    torch.testing.assert_close(free.real, values[:, :, 0])
    torch.testing.assert_close(free.imag, values[:, :, 1])
    torch.testing.assert_close(bounded.angle(), free.angle())
    torch.testing.assert_close(bounded.abs(), free.abs().tanh())


def test_mid_and_side_are_masked_apart() -> None:
    _, mixture = case("mid_side")
    left, right = mixture.unbind(1)
    values = torch.zeros(2, 1, 2, 2, 5, 7)
    values[:, :, 0, 0], values[:, :, 0, 1] = torch.logit(torch.tensor([0.9, 0.1]))
    kind = MASKS.build("mid_side", {})
    estimates = kind.apply(kind.trained(values, mixture), mixture)[:, 0]
    mid, side = 0.9 * (left + right) / 2, 0.1 * (left - right) / 2
    torch.testing.assert_close(estimates, torch.stack([mid + side, mid - side], dim=1))


def test_cross_gains_make_masks_of_left_and_right() -> None:
    """Masks l and r: own gains (l + r)/2, cross gains (l − r)/2."""
    _, mixture = case("mid_side")
    left, right = torch.tensor(0.9), torch.tensor(0.3)
    values = torch.empty(2, 1, 2, 2, 5, 7)
    values[:, :, 0] = torch.logit((left + right) / 2)
    values[:, :, 1] = torch.atanh(left - right)
    kind = MASKS.build("mid_side", {})
    estimates = kind.apply(kind.trained(values, mixture), mixture)[:, 0]
    masks = torch.stack([left, right]).reshape(1, 2, 1, 1)
    torch.testing.assert_close(estimates, masks * mixture)


def test_cross_gains_are_those_of_mid_and_side() -> None:
    values, mixture = case("mid_side")
    kind = MASKS.build("mid_side", {})
    own, cross = torch.sigmoid(values[:, :, 0]), torch.tanh(values[:, :, 1]) / 2
    left, right = mixture.unsqueeze(1).unbind(2)
    mid, side = (left + right) / 2, (left - right) / 2
    new_mid = own[:, :, 0] * mid + cross[:, :, 0] * side
    new_side = own[:, :, 1] * side + cross[:, :, 1] * mid
    expected = torch.stack([new_mid + new_side, new_mid - new_side], dim=2)
    torch.testing.assert_close(kind.apply(kind.trained(values, mixture), mixture), expected)


def test_magnitudes_that_are_right_separate_perfectly() -> None:
    """Sources in different bins: compressed by the mixture's own level, they come out."""
    generator = torch.Generator().manual_seed(1)
    mixture = torch.randn(1, 1, 6, 4, dtype=torch.complex64, generator=generator)
    shown = torch.zeros(1, 2, 1, 6, 4)
    shown[:, 0, :, :2] = 1.0
    shown[:, 1, :, 2:] = 1.0
    values = (compress_magnitude(mixture.abs()).unsqueeze(1) * shown).unsqueeze(2)
    kind = MASKS.build("magnitude", {})
    torch.testing.assert_close(kind.trained(values, mixture), shown, atol=1e-5, rtol=0)
    torch.testing.assert_close(kind.separating(values, mixture), shown, atol=1e-5, rtol=0)
    louder = kind.trained(values, 100 * mixture) * 100 * mixture.abs()
    torch.testing.assert_close(louder, 100 * shown * mixture.abs(), atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize("power", [0, -1.0, 9.0, "two"])
def test_impossible_powers_are_refused(power: object) -> None:
    with pytest.raises(RecipeError, match="ratio"):
        MASKS.build("ratio", {"power": power})


def test_direct_estimates_do_not_depend_on_the_mixture_but_for_its_level() -> None:
    values, mixture = case("direct")
    mixture[0, 0, 0, 0] = 0
    estimates = MASKS.build("direct", {}).trained(values, mixture) * mixture.unsqueeze(1)
    level = mixture.abs().mean(dim=(1, 2, 3)).reshape(2, 1, 1, 1, 1)
    expected = torch.complex(values[:, :, 0], values[:, :, 1]) * level
    expected[0, :, 0, 0, 0] = 0
    torch.testing.assert_close(estimates, expected)
