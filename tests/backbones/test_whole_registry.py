"""What every network can do besides the contract, too slow for every day: learn, be exported."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from tests.backbones.contract import build, noise
from vocalsep.backbones import BACKBONES

pytestmark = pytest.mark.slow

SIZE = {1: (64,), 2: (32, 24), 3: (8, 16, 12)}
PREFERRED = {name: 2 if 2 in BACKBONES.get(name).about.ndims else 1 for name in BACKBONES.names()}
MOST_STEPS = 400


@pytest.mark.parametrize("name", BACKBONES.names())
def test_learns_where_a_block_lies(name: str) -> None:
    """The logits of one batch: inside a block of louder noise, or outside."""
    size = SIZE[PREFERRED[name]]
    inside = torch.zeros(2, 1, *size)
    for example, start in enumerate((0.0, 0.5)):
        block = tuple(slice(int(n * start), int(n * (start + 0.5))) for n in size)
        inside[(example, 0, *block)] = 1.0
    x = noise(2, 2, *size) * (0.1 + inside)
    net = build(name, size, 2, 1).train()
    for module in net.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0  # of a handful of channels, half is too much to lose
    optimiser = torch.optim.Adam(net.parameters(), lr=0.003)
    first = None
    for _ in range(MOST_STEPS):
        loss = torch.zeros(())
        for weight, logits in net.forward_all(x):
            bce = nn.functional.binary_cross_entropy_with_logits(logits, inside)
            loss = loss + weight * bce
        first = loss.item() if first is None else first
        # A quarter is inside: whoever only learns that stays above 0.8 of the first loss.
        if loss < 0.6 * first:
            return
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    pytest.fail(f"the loss went from {first:.2f} to {loss:.2f}")


@pytest.mark.parametrize("name", BACKBONES.names())
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_onnx_says_the_same(name: str, tmp_path: Path) -> None:
    import onnxruntime

    size = SIZE[PREFERRED[name]]
    net, x = build(name, size), noise(1, 2, *size)
    path = tmp_path / f"{name}.onnx"
    torch.onnx.export(net, (x,), path, dynamo=True, verbose=False)
    session = onnxruntime.InferenceSession(path)
    (found,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    expected = net(x).detach()
    largest = expected.abs().max().clamp_min(1.0)
    assert (torch.from_numpy(found) - expected).abs().max() <= 1e-4 * largest
