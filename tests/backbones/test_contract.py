"""One contract for every network in the registry: a new one needs no new test."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from tests.backbones.contract import CASES, SIZE, build, noise
from vocalsep.backbones import BACKBONES, Backbone
from vocalsep.backbones.base import pad_to_multiple

REFERENCES = [
    pytest.param(name, each, id=f"{name}-{each.n_parameters}")
    for name in BACKBONES.names()
    for each in BACKBONES.get(name).about.references
]


@dataclass
class Case:
    """A thin network in eval, an input of odd size and what it makes of it, in float64.

    Some networks jump where two values change places (positions of maxima, largest class): in
    float64 rounding does not get there.
    """

    name: str
    size: tuple[int, ...]
    net: Backbone
    x: Tensor
    y: Tensor


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks this small are several times as fast without the hand-over between threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    name, ndim = request.param
    net, x = build(name, SIZE[ndim]).double(), noise(2, 2, *SIZE[ndim]).double()
    return Case(name, SIZE[ndim], net.requires_grad_(False), x, net(x))


def test_any_size_in_same_size_out(case: Case) -> None:
    assert case.y.shape == (2, 3, *case.size)
    assert torch.isfinite(case.y).all()
    assert not torch.allclose(case.y[0], case.y[1])  # or the tests below could not fail
    ndim = case.net.ndim
    assert ndim == len(case.size)
    wide = (3, *(1 for _ in range(ndim - 2)), 40) if ndim > 1 else (40,)
    for size in (wide, (1,) * ndim):
        out = build(case.name, size)(noise(1, 2, *size))
        assert out.shape == (1, 3, *size)
        assert torch.isfinite(out).all()


def test_any_number_of_channels(case: Case) -> None:
    for d_in, d_out in ((1, 1), (3, 2)):
        net = build(case.name, case.size, d_in, d_out)
        assert net(noise(1, d_in, *case.size)).shape == (1, d_out, *case.size)


def biases_before_batch_norms(net: nn.Module) -> set[str]:
    """A norm takes such a bias away again: its gradient is 0, up to rounding that may be 0, too."""
    found = set()
    for name, module in net.named_modules():
        if isinstance(module, nn.Sequential):
            layers = list(module.named_children())
            for (key, layer), (_, after) in pairwise(layers):
                if isinstance(after, _NormBase) and getattr(layer, "bias", None) is not None:
                    found.add(f"{name}.{key}.bias")
    return found


def test_every_parameter_receives_a_gradient(case: Case) -> None:
    net = build(case.name, case.size)
    outputs = net.train().forward_all(noise(2, 2, *case.size))
    sum((w * (y * noise(*y.shape)).sum() for w, y in outputs), torch.zeros(())).backward()
    assert all(y.shape == case.y.shape for _, y in outputs)
    without = {n for n, p in net.named_parameters() if p.grad is None or not p.grad.any()}
    assert without <= biases_before_batch_norms(net)
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())


def test_the_first_of_all_outputs_is_the_output(case: Case) -> None:
    (weight, logits), *auxiliary = case.net.forward_all(case.x)
    assert weight == 1.0
    torch.testing.assert_close(logits, case.y)
    assert len(auxiliary) == len(case.net.auxiliary_weights)


def test_eval_is_deterministic_and_examples_do_not_influence_each_other(case: Case) -> None:
    assert torch.equal(case.net(case.x), case.y)
    torch.testing.assert_close(case.net(case.x[1:]), case.y[1:])


def test_state_dict_round_trip(case: Case) -> None:
    other = copy.deepcopy(case.net)
    for p in other.parameters():
        p.add_(1.0)
    other.load_state_dict(case.net.state_dict())
    assert torch.equal(other(case.x), case.y)


def test_channels_last(case: Case) -> None:
    layout = {4: torch.channels_last, 5: torch.channels_last_3d}.get(case.x.ndim)
    if layout is not None:
        net = copy.deepcopy(case.net).to(memory_format=layout)  # type: ignore[call-overload]
        torch.testing.assert_close(net(case.x.to(memory_format=layout)), case.y)


def test_autocast_bfloat16(case: Case) -> None:
    """Much the same comes out: norms of very few values magnify the rounding."""
    net = copy.deepcopy(case.net).float()
    with torch.autocast("cpu", torch.bfloat16):
        rough = net(case.x.float()).double()
    assert torch.corrcoef(torch.stack([rough.flatten(), case.y.flatten()]))[0, 1] > 0.5


@pytest.mark.parametrize(("name", "reference"), REFERENCES)
def test_number_of_parameters_is_the_documented_one(name: str, reference) -> None:  # type: ignore[no-untyped-def]
    channels = (reference.in_channels, reference.out_channels)
    with torch.device("meta"):
        net = BACKBONES.build(name, reference.params, *channels)
    assert sum(p.numel() for p in net.parameters() if p.requires_grad) == reference.n_parameters


def test_every_network_says_what_it_is() -> None:
    for name in BACKBONES.names():
        about = BACKBONES.get(name).about
        assert about.family and about.paper and set(about.ndims) <= {1, 2, 3}, name
        assert BACKBONES.get(name).__doc__, name


def test_padding_adds_zeros_at_the_end() -> None:
    padded = pad_to_multiple(torch.ones(1, 1, 3, 5), 4)
    assert padded.shape == (1, 1, 4, 8)
    assert padded.sum() == 15
