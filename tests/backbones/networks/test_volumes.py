"""V-Net in the paper's form, nnU-Net's strides, TransUNet's transformer."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.backbones.contract import noise
from vocalsep.backbones import BACKBONES
from vocalsep.backbones.networks.nn_unet import NNUNet
from vocalsep.backbones.networks.v_net import Stage, VNet
from vocalsep.backbones.parts.layers import Style
from vocalsep.backbones.parts.transformer import Tokens, TransformerBlock
from vocalsep.errors import RecipeError


def test_v_net_of_the_paper() -> None:
    with torch.device("meta"):
        net = VNet(
            1,
            2,
            n_convs_down=[1, 2, 3, 3, 3],
            n_convs_up=[3, 3, 2, 1],
            norm="none",
            act="prelu",
        )
        assert net(torch.zeros(1, 1, 128, 128, 64)).shape == (1, 2, 128, 128, 64)
    assert net.encoder.channels == (16, 32, 64, 128, 256)


def test_first_stage_adds_the_input_again_and_again() -> None:
    stage = Stage(Style(2, "none", "none"), (3, 7), 1, 5)
    for p in stage.parameters():
        nn.init.zeros_(p)
    x = noise(1, 3, 4, 4)
    assert torch.equal(stage(x), torch.cat([x, x, x[:, :1]], dim=1))


def test_nn_unet_strides_and_kernels_of_each_axis() -> None:
    net = NNUNet(
        1,
        2,
        widths=[4, 6, 8],
        strides=[1, [1, 2, 2], [2, 2, 2]],
        kernels=[[1, 3, 3], 3, 3],
        ndim=3,
    )
    assert net.stride == (2, 4, 4)
    shapes = []
    for block in net.encoder.blocks:
        block.register_forward_hook(lambda _m, _i, out: shapes.append(tuple(out.shape[1:])))
    assert net.eval()(noise(1, 1, 8, 16, 13)).shape == (1, 2, 8, 16, 13)
    assert shapes == [(4, 8, 16, 16), (6, 8, 8, 8), (8, 4, 4, 4)]
    assert net.encoder.blocks[0][1][0].kernel_size == (1, 3, 3)


def test_deep_supervision_halves_its_weight_with_every_level() -> None:
    with torch.device("meta"):
        net = NNUNet(1, 2)
        outputs = net.forward_all(torch.zeros(2, 1, 256, 256))
    assert [weight for weight, _ in outputs] == [0.5**i for i in range(7)]
    assert NNUNet(1, 1, widths=[4, 6, 8], deep_supervision=False).auxiliary_weights == ()


@pytest.mark.parametrize(
    "params", [{"strides": [1, 2]}, {"strides": [1, [2, 2, 2], 2]}, {"kernels": [3, 3, 0]}]
)
def test_nn_unet_refuses_what_does_not_fit(params: dict[str, object]) -> None:
    with pytest.raises(RecipeError, match="expected 3 entries, each a number or 2 numbers"):
        BACKBONES.build("nn_unet", {"widths": [4, 4, 4], **params}, 1, 1)


def test_transformer_block_is_that_of_torch() -> None:
    block = TransformerBlock(8, 2, dropout=0.0)
    oracle = nn.TransformerEncoderLayer(
        8, 2, 32, 0.0, "gelu", layer_norm_eps=1e-6, batch_first=True, norm_first=True
    )
    pairs = {
        "self_attn.in_proj_weight": "query_key_value.weight",
        "self_attn.in_proj_bias": "query_key_value.bias",
        "self_attn.out_proj.weight": "out.weight",
        "self_attn.out_proj.bias": "out.bias",
        "linear1.weight": "mlp.1.weight",
        "linear1.bias": "mlp.1.bias",
        "linear2.weight": "mlp.4.weight",
        "linear2.bias": "mlp.4.bias",
        "norm1.weight": "attention_norm.weight",
        "norm1.bias": "attention_norm.bias",
        "norm2.weight": "mlp.0.weight",
        "norm2.bias": "mlp.0.bias",
    }
    ours = block.state_dict()
    oracle.load_state_dict({theirs: ours[name] for theirs, name in pairs.items()})
    tokens = noise(2, 5, 8)
    torch.testing.assert_close(block(tokens), oracle(tokens), atol=1e-5, rtol=1e-4)


def test_positions_follow_the_grid() -> None:
    neck = Tokens(3, 8, (2, 2), 0.0, nn.Identity())
    nn.init.zeros_(neck.embed.weight)
    nn.init.zeros_(neck.embed.bias)
    nn.init.normal_(neck.positions)
    (out,) = neck([torch.zeros(1, 3, 4, 6)])
    assert out.shape == (1, 8, 4, 6)
    assert out[0, :, 0, 0].sub(out[0, :, 3, 5]).abs().max() > 0.1
