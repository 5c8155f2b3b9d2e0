"""The Wave-U-Net against the published facts of Stoller et al. (ISMIR 2018)."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from vocalsep.backbones.networks.wave_u_net import (
    LearnedInterpolation,
    LinearInterpolation,
    WaveUNet,
)
from vocalsep.errors import RecipeError


@pytest.mark.parametrize(
    ("width", "n_in", "n_out"), [(24, 147_443, 16_389), (34, 233_459, 102_405)]
)
def test_published_lengths(width: int, n_in: int, n_out: int) -> None:
    with torch.device("meta"):
        net = WaveUNet(1, 1, width=width)
        assert net.transform(torch.zeros(1, 1, n_in)).shape == (1, 1, n_out)
        assert net(torch.zeros(1, 1, n_in), valid=True).shape == (1, 1, n_out)
        assert net(torch.zeros(1, 1, 100)).shape == (1, 1, 100)
    assert n_in - 2 * net.context == n_out


def test_padding_keeps_the_published_length() -> None:
    with torch.device("meta"):
        net = WaveUNet(1, 2, context=False)
        assert net.transform(torch.zeros(1, 1, 16_384)).shape == (1, 2, 16_384)
    assert net.context == 0


@pytest.mark.parametrize(
    ("levels", "kernel", "up_kernel"), [(1, 1, 1), (2, 15, 5), (3, 3, 7), (4, 5, 1), (2, 1, 9)]
)
@pytest.mark.parametrize("context", [True, False])
def test_lengths_are_worked_out(levels: int, kernel: int, up_kernel: int, context: bool) -> None:
    sizes = {"levels": levels, "kernel": kernel, "up_kernel": up_kernel}
    net = WaveUNet(1, 1, width=2, context=context, **sizes)
    for n in (net.smallest, net.smallest + 3 * net.stride):
        out = net.transform(torch.randn(1, 1, n))
        assert out.shape[-1] == n - 2 * net.context > 0
    if context:
        with pytest.raises((RuntimeError, ValueError)):  # nothing smaller will do
            net.transform(torch.randn(1, 1, net.smallest - net.stride))


def test_context_is_just_what_an_output_reads() -> None:
    net = WaveUNet(1, 1, levels=2, width=3, kernel=5, up_kernel=3).double()
    for parameter in net.parameters():
        torch.nn.init.uniform_(parameter, 0.01, 0.02)  # nothing cancels
    n_in = net.smallest + 2 * net.stride
    features = torch.randn(1, 1, n_in).double().requires_grad_()
    out = net.transform(features)
    reached = torch.zeros(n_in, dtype=torch.bool)
    for position in (0, out.shape[-1] - 1):
        (gradient,) = torch.autograd.grad(out[0, 0, position], features, retain_graph=True)
        reached |= gradient[0, 0] != 0
    # A value between two that were kept reads fewer on one side; the ends do not.
    assert reached[0] and reached[-1]


def test_zeros_around_are_what_forward_adds() -> None:
    net = WaveUNet(2, 1, levels=2, width=3, kernel=5, up_kernel=3)
    features = torch.randn(1, 2, 50)
    surrounded = functional.pad(features, (net.context, net.context))
    assert torch.equal(net(features), net(surrounded, valid=True))


def test_interpolation() -> None:
    ramp = torch.tensor([[[1.0, 3.0, 7.0]]])
    between = torch.tensor([[[1.0, 2.0, 3.0, 5.0, 7.0]]])
    assert torch.equal(LinearInterpolation()(ramp), between)
    learned = LearnedInterpolation(1)
    assert torch.equal(learned(ramp), between)
    with torch.no_grad():
        learned.weight.fill_(1000.0)
    assert torch.equal(learned(ramp), torch.tensor([[[1.0, 1.0, 3.0, 3.0, 7.0]]]))
    for weight in (-2.0, 0.3):
        with torch.no_grad():
            learned.weight.fill_(weight)
        constant = torch.full((2, 1, 5), 0.7)
        torch.testing.assert_close(learned(constant), torch.full((2, 1, 9), 0.7))


def test_learned_interpolation_starts_as_linear() -> None:
    sizes = {"levels": 3, "width": 4, "kernel": 5, "up_kernel": 3}
    linear, learned = WaveUNet(1, 1, **sizes), WaveUNet(1, 1, interpolation="learned", **sizes)
    missing, odd = learned.load_state_dict(linear.state_dict(), strict=False)
    assert odd == [] and missing == [f"between.{level}.weight" for level in range(3)]
    features = torch.randn(2, 1, 70)
    torch.testing.assert_close(learned(features), linear(features))


@pytest.mark.parametrize(
    "params",
    [
        {"levels": 0},
        {"levels": 15},
        {"width": 0},
        {"kernel": 4},
        {"up_kernel": 65},
        {"interpolation": "cubic"},
    ],
)
def test_impossible_parameters_are_refused(params: dict[str, object]) -> None:
    with pytest.raises(RecipeError, match="wave_u_net"):
        WaveUNet(1, 1, **params)  # type: ignore[arg-type]
