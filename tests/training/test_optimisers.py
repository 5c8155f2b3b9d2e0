"""Optimisers and the rates of parts of the network."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from vocalsep.errors import RecipeError
from vocalsep.recipe import Part, Training
from vocalsep.training.optimisers import OPTIMISERS, build_optimiser, set_rate


def network() -> nn.Module:
    torch.manual_seed(0)
    parts = {"encoder": nn.Linear(2, 3), "decoder": nn.Linear(3, 1), "head": nn.Linear(1, 1)}
    return nn.ModuleDict(parts)


@pytest.mark.parametrize("name", OPTIMISERS.names())
def test_each_goes_downhill(name: str) -> None:
    weight = nn.Parameter(torch.tensor([3.0]))
    model = nn.ParameterList([weight])
    optimiser = build_optimiser(model, Training(optimizer=Part(name), weight_decay=0.0))
    set_rate(optimiser, 0.1)
    for _ in range(50):
        optimiser.zero_grad()
        weight.square().sum().backward()
        optimiser.step()
    assert abs(float(weight.detach())) < 1.0


def test_sgd_with_momentum_closed_form() -> None:
    """v ← μ·v + g, w ← w − η·v, with g = w of the loss w² / 2."""
    weight = nn.Parameter(torch.tensor([1.0]))
    training = Training(optimizer=Part("sgd", {"momentum": 0.5}), weight_decay=0.0)
    optimiser = build_optimiser(nn.ParameterList([weight]), training)
    set_rate(optimiser, 0.1)
    expected, speed = 1.0, 0.0
    for _ in range(5):
        speed = 0.5 * speed + expected
        expected -= 0.1 * speed
        optimiser.zero_grad()
        (weight.square().sum() / 2).backward()
        optimiser.step()
    assert float(weight.detach()) == pytest.approx(expected)


def test_parts_have_rates_of_their_own_and_the_longest_prefix_wins() -> None:
    model = network()
    rates = {"encoder": 0.25, "encoder.bias": 0.0}
    optimiser = build_optimiser(model, Training(rates=rates))
    set_rate(optimiser, 0.4)
    found = {id(w): g["lr"] for g in optimiser.param_groups for w in g["params"]}
    by_name = {name: found[id(w)] for name, w in model.named_parameters()}
    assert by_name["encoder.weight"] == pytest.approx(0.1)
    assert by_name["encoder.bias"] == 0.0
    assert by_name["decoder.weight"] == by_name["head.bias"] == pytest.approx(0.4)
    assert len(found) == 6


def test_a_prefix_of_nothing_is_named() -> None:
    with pytest.raises(RecipeError, match=r"starts with 'encoderr'; did you mean 'encoder'"):
        build_optimiser(network(), Training(rates={"encoderr": 0.1}))


def test_mistakes_are_recipe_errors() -> None:
    for part in (Part("adamm"), Part("sgd", {"betas": [0, 0]}), Part("adam", {"betas": [0.9]})):
        with pytest.raises(RecipeError):
            build_optimiser(network(), Training(optimizer=part))
