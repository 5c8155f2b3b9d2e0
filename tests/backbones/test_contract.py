"""One contract for every backbone in the registry: a new one needs no new test."""

from __future__ import annotations

import pytest
import torch

from vocalsep.backbones import BACKBONES, Backbone
from vocalsep.backbones.base import pad_to_multiple

# Thin versions, so that the whole registry runs in seconds.
THIN = {"unet": {"widths": [4, 8, 8], "kernel": 4, "norm": "group", "dropout": 0.5}}
CASES = [
    pytest.param(name, ndim, id=f"{name}-{ndim}d")
    for name in BACKBONES.names()
    for ndim in (1, 2, 3)
]
ODD_SIZE = {1: (37,), 2: (19, 31), 3: (9, 10, 7)}


def build(name: str, ndim: int, d_in: int = 2, d_out: int = 3) -> Backbone:
    torch.manual_seed(0)
    backbone: Backbone = BACKBONES.build(name, {**THIN[name], "ndim": ndim}, d_in, d_out)
    return backbone


@pytest.mark.parametrize(("name", "ndim"), CASES)
class TestContract:
    def test_any_size_in_same_size_out(self, name: str, ndim: int) -> None:
        for size in (ODD_SIZE[ndim], (1,) * ndim, (16,) * ndim):
            out = build(name, ndim).eval()(torch.randn(2, 2, *size))
            assert out.shape == (2, 3, *size)
            assert torch.isfinite(out).all()

    def test_every_parameter_receives_a_gradient(self, name: str, ndim: int) -> None:
        backbone = build(name, ndim).eval()
        backbone(torch.randn(2, 2, *ODD_SIZE[ndim])).square().mean().backward()
        without = [n for n, p in backbone.named_parameters() if p.grad is None or not p.grad.any()]
        assert without == []

    def test_examples_do_not_influence_each_other_in_eval(self, name: str, ndim: int) -> None:
        backbone = build(name, ndim).eval()
        batch = torch.randn(3, 2, *ODD_SIZE[ndim])
        with torch.inference_mode():
            together, alone = backbone(batch)[1], backbone(batch[1:2])[0]
        torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)

    def test_eval_is_deterministic_and_train_drops_out(self, name: str, ndim: int) -> None:
        backbone = build(name, ndim).eval()
        x = torch.randn(1, 2, *ODD_SIZE[ndim])
        assert torch.equal(backbone(x), backbone(x))
        assert not torch.equal(backbone.train()(x), backbone(x))

    def test_state_dict_round_trip(self, name: str, ndim: int) -> None:
        one, other = build(name, ndim).eval(), build(name, ndim).eval()
        with torch.no_grad():
            for p in other.parameters():
                p.add_(1.0)
        other.load_state_dict(one.state_dict())
        x = torch.randn(1, 2, *ODD_SIZE[ndim])
        assert torch.equal(one(x), other(x))

    def test_bfloat16(self, name: str, ndim: int) -> None:
        backbone = build(name, ndim).eval()
        x = torch.randn(1, 2, *ODD_SIZE[ndim])
        exact = backbone(x)
        rough = backbone.bfloat16()(x.bfloat16()).float()
        assert (rough - exact).abs().max() < 0.1 * exact.abs().max().clamp_min(1.0)


def test_padding_adds_zeros_at_the_end() -> None:
    padded = pad_to_multiple(torch.ones(1, 1, 3, 5), 4)
    assert padded.shape == (1, 1, 4, 8)
    assert padded.sum() == 15
