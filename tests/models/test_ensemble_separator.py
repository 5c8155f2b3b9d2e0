"""Several separators asked together."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from tests.helpers.recipes import ensemble_recipe
from vocalsep.dsp.speeds import at_speed
from vocalsep.errors import RecipeError
from vocalsep.models.build import build_separator
from vocalsep.models.ensemble_separator import EnsembleSeparator
from vocalsep.recipe import Part


def ensemble() -> EnsembleSeparator:
    torch.manual_seed(0)
    built = build_separator(ensemble_recipe())
    assert isinstance(built, EnsembleSeparator)
    return built.eval()


def test_the_mean_of_what_its_members_say() -> None:
    whole = ensemble()
    mixture = 0.1 * torch.randn(2, 2, 900)
    each = [member(mixture) for member in whole]
    torch.testing.assert_close(whole(mixture), torch.stack(each).mean(0))
    assert [member.n_fft for member in whole] == [256, 512, 256]
    assert whole.margin_samples == max(member.margin_samples for member in whole) > 0


def test_every_member_has_a_loss_of_its_own() -> None:
    whole = ensemble().train()
    mixture = 0.1 * torch.randn(1, 2, 640 + 2 * whole.margin_samples)
    (weight, mean), *members = whole.estimate_all(mixture)
    assert weight == 1.0 and [w for w, _ in members] == [1 / 3] * 3
    found = torch.stack([each.waveforms for _, each in members]).mean(0)
    torch.testing.assert_close(found, mean.waveforms)


def test_precision_is_that_of_the_members() -> None:
    whole = ensemble()
    whole.set_backbone_dtype(torch.bfloat16)
    assert {w.dtype for w in whole.parameters()} == {torch.bfloat16}
    # The transforms stay exact.
    assert all(member.front_end.stft.window.dtype == torch.float32 for member in whole)


def test_members_may_hear_other_speeds() -> None:
    torch.manual_seed(0)
    recipe = ensemble_recipe()
    part = Part("ensemble", {**recipe.separator.params, "speeds": [[1.0], [0.9, 1.1], [1.0]]})
    whole = build_separator(dataclasses.replace(recipe, separator=part)).eval()
    mixture = 0.1 * torch.randn(1, 2, 3000)
    assert isinstance(whole, EnsembleSeparator)
    first, second, third = whole
    asked = ((first, 1.0), (second, 0.9), (second, 1.1), (third, 1.0))
    with torch.inference_mode():
        each = []
        for member, speed in asked:
            spare = whole.margin_samples - member.margin_samples
            heard = mixture[..., spare : 3000 - spare]
            each.append(at_speed(member.forward_valid, heard, speed, member.margin_samples))
        torch.testing.assert_close(whole.forward_valid(mixture), torch.stack(each).mean(0))


@pytest.mark.parametrize("speeds", [[[1.0]], [[1.0], [], [1.0]], [[1.0], [1.0], [9.0]]])
def test_speeds_that_do_not_fit(speeds: list[list[float]]) -> None:
    recipe = ensemble_recipe()
    part = Part("ensemble", {**recipe.separator.params, "speeds": speeds})
    with pytest.raises(RecipeError, match=r"separator\.speeds.*for each of 3 members"):
        build_separator(dataclasses.replace(recipe, separator=part))
