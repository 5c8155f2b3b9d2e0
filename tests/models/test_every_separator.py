"""What holds for every separator and every kind of mask, network and number of channels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.helpers.recipes import ensemble_recipe, mask_recipe, wave_recipe
from vocalsep.backbones.context import ContextBackbone
from vocalsep.errors import RecipeError
from vocalsep.models.build import build_separator
from vocalsep.models.checkpoint import load_model, save_model
from vocalsep.models.features import FEATURES
from vocalsep.models.masks import MASKS
from vocalsep.recipe import Part, Recipe


def mono(recipe: Recipe) -> Recipe:
    return replace(recipe, audio=replace(recipe.audio, n_channels=1))


RECIPES = {
    **{f"mask {kind}": mask_recipe(kind) for kind in MASKS.names()},
    **{f"features {name}": mask_recipe(features=name) for name in FEATURES.names()},
    "mask per target": mask_recipe("bounded_complex", per_target=True),
    "mask mono": mono(mask_recipe("softmax")),
    "mask auxiliary": replace(
        mask_recipe("sigmoid", per_target=True),
        backbone=Part("unet_plus_plus", {"widths": [4, 6, 8], "deep_supervision": True}),
    ),
    "mask context": replace(
        mask_recipe("magnitude"), backbone=Part("adversarial_unet", {"width": 6, "levels": 1})
    ),
    "wave difference": wave_recipe("vocals"),
    "wave direct": wave_recipe("vocals", "accompaniment"),
    "wave mono": wave_recipe("vocals", n_channels=1),
    "wave padded": wave_recipe("vocals", context=False, interpolation="learned"),
    "wave per target": replace(
        wave_recipe("vocals", "accompaniment"), separator=Part("waveform", {"per_target": True})
    ),
    "wave of a U-Net": replace(
        wave_recipe("vocals"), backbone=Part("unet", {"widths": [4, 4], "norm": "none"})
    ),
    "ensemble": ensemble_recipe(),
}


@pytest.fixture(params=RECIPES)
def recipe(request: pytest.FixtureRequest) -> Recipe:
    return RECIPES[request.param]


def test_any_length_and_channels_come_out_as_they_went_in(recipe: Recipe) -> None:
    separator = build_separator(recipe).eval()
    for n_channels, n_samples in ((2, 1), (1, 999), (2, 640)):
        mixture = 0.1 * torch.randn(2, n_channels, n_samples)
        estimates = separator(mixture)
        assert estimates.shape == (2, len(recipe.targets), n_channels, n_samples)
        assert estimates.dtype == torch.float32 and torch.isfinite(estimates).all()


def test_the_whole_is_the_inside_of_a_chunk_in_silence(recipe: Recipe) -> None:
    separator = build_separator(recipe).eval()
    margin = separator.margin_samples
    assert separator.chunk_samples - 2 * margin == 63 * 64  # chunk_frames of the inside
    mixture = 0.1 * torch.randn(1, 2, 600)
    padded = torch.nn.functional.pad(mixture, (margin, margin))
    assert torch.equal(separator.forward_valid(padded), separator(mixture))


def test_with_real_margins_a_part_is_what_the_whole_would_be() -> None:
    separator = build_separator(RECIPES["wave direct"]).eval()
    margin, network = separator.margin_samples, separator.backbone
    assert isinstance(network, ContextBackbone) and margin == network.context
    mixture = 0.1 * torch.randn(1, 2, 900)
    whole = separator(mixture)
    # A network that drops every second value knows shifts by its stride only.
    start = 200 - margin % network.stride
    end = start + network.smallest + 400
    part = separator.forward_valid(mixture[..., start:end])
    torch.testing.assert_close(part, whole[..., start + margin : end - margin])
    assert (part - whole[..., start + margin + 1 : end - margin + 1]).abs().max() > 1e-3


def test_estimates_for_training(recipe: Recipe) -> None:
    separator = build_separator(recipe).train()
    margin, n_targets = separator.margin_samples, len(recipe.targets)
    mixture = 0.1 * torch.randn(2, 2, 640 + 2 * margin)
    outputs = separator.estimate_all(mixture)
    assert outputs[0][0] == 1.0
    for weight, estimates in outputs:
        assert estimates.waveforms.shape == (2, n_targets, 2, 640)
        assert estimates.spectra.shape == (2, n_targets, 2, recipe.audio.n_bins, 11)
        loss = estimates.waveforms.square().sum() + estimates.magnitudes.sum()
        (weight * loss).backward(retain_graph=True)
    without = [name for name, p in separator.named_parameters() if p.grad is None]
    assert without == []


def test_model_file_round_trip(recipe: Recipe, tmp_path: Path) -> None:
    separator = build_separator(recipe).eval()
    for parameter in separator.parameters():
        parameter.data = parameter.data.half().float()
    path = tmp_path / "m.safetensors"
    save_model(path, recipe, separator.state_dict(), {}, {})
    loaded, card = load_model(path)
    assert card.recipe == recipe and loaded.stems == separator.stems
    mixture = 0.1 * torch.randn(1, 2, 700)
    torch.testing.assert_close(loaded(mixture), separator(mixture), atol=1e-5, rtol=1e-4)


def test_half_precision_inside_float32_outside(recipe: Recipe) -> None:
    separator = build_separator(recipe).eval()
    separator.set_backbone_dtype(torch.bfloat16)
    assert separator(0.1 * torch.randn(1, 2, 500)).dtype == torch.float32


def test_auxiliary_outputs_are_for_training_only() -> None:
    separator = build_separator(RECIPES["mask auxiliary"]).eval()
    mixture = 0.1 * torch.randn(1, 2, 500)
    (_, estimate), *auxiliary = separator.estimate_all(mixture)
    torch.testing.assert_close(separator.estimate(mixture).spectra, estimate.spectra)
    assert auxiliary and all(weight > 0 for weight, _ in auxiliary)
    assert not torch.equal(auxiliary[0][1].spectra, estimate.spectra)


@pytest.mark.parametrize("name", ["mask mono", "wave mono"])
def test_a_mono_model_hears_every_channel_alone(name: str) -> None:
    separator = build_separator(RECIPES[name]).eval()
    mixture = torch.randn(2, 2, 500) * torch.tensor([[[0.1], [0.3]]])
    both = separator(mixture)
    for channel in range(2):
        alone = separator(mixture[:, channel : channel + 1])
        torch.testing.assert_close(both[:, :, channel : channel + 1], alone)


@pytest.mark.parametrize("name", ["mask per target", "wave per target"])
def test_networks_per_target_do_not_know_each_other(name: str) -> None:
    separator = build_separator(RECIPES[name]).eval()
    mixture = 0.1 * torch.randn(1, 2, 500 + 2 * separator.margin_samples)
    before = separator.estimate(mixture).waveforms
    before[:, 0].sum().backward()
    first, second = separator.backbone.networks  # type: ignore[misc,union-attr]
    assert any(p.grad is not None and p.grad.any() for p in first.parameters())
    assert not any(p.grad is not None and p.grad.any() for p in second.parameters())
    with torch.no_grad():
        for parameter in second.parameters():
            parameter.add_(0.5)
    after = separator.estimate(mixture).waveforms
    assert torch.equal(before[:, 0], after[:, 0]) and not torch.equal(before[:, 1], after[:, 1])


@pytest.mark.parametrize("kind", ["softmax", "ratio", "magnitude"])
def test_what_is_shared_wants_every_stem(kind: str) -> None:
    with pytest.raises(RecipeError, match="add 'accompaniment'"):
        build_separator(mask_recipe(kind, "vocals"))
    separator = build_separator(mask_recipe(kind)).eval()
    mixture = 0.1 * torch.randn(1, 2, 640)
    whole = separator.front_end.spectra(mixture.unsqueeze(1))
    shared = separator.front_end.spectra(separator(mixture)).sum(1, keepdim=True)
    torch.testing.assert_close(shared[..., 2:90, 3:-3], whole[..., 2:90, 3:-3], atol=2e-3, rtol=0)


@pytest.mark.parametrize(
    ("recipe", "says"),
    [
        (replace(wave_recipe(), separator=Part("wavefrom")), "did you mean 'waveform'"),
        (mask_recipe("sofmax"), "did you mean 'softmax'"),
        (mask_recipe("ratio", mask_params={"pwoer": 2}), "did you mean 'power'"),
        (mask_recipe(features="complx"), "did you mean 'complex'"),
        (mask_recipe(mask_kind=1), "has no parameter 'mask_kind'"),
        (mono(mask_recipe("mid_side")), "'mid_side' compares left and right, but audio.n_channels"),
        (mono(mask_recipe(features="log_magnitude_mid_side")), "'log_magnitude_mid_side' compares"),
        (replace(mask_recipe(), backbone=Part("wave_u_net")), "is 1-D: expected one for spectra"),
        (replace(wave_recipe(), backbone=Part("spleeter")), "is 2-D: expected one for waveforms"),
        (replace(wave_recipe(), separator=Part("waveform", {"activation": "relu"})), "tanh or"),
        (mask_recipe(per_target="yes"), "per_target is 'yes'"),
        (mask_recipe([["sigmoid"]]), "separator 'mask'"),  # type: ignore[arg-type]
        (replace(mask_recipe(), separator=Part("ensemble")), "expected 1 to 16 mappings"),
        (ensemble_recipe({"separator": {"name": "ensemble"}}), "none an ensemble"),
        (ensemble_recipe({"separator": {"params": {}}}), "none an ensemble"),
        (ensemble_recipe({"masks": {}}), "some of audio, separator, backbone"),
        (ensemble_recipe({"audio": {"sample_rate": 16000}}), "expected 8000 Hz"),
        (ensemble_recipe({"audio": {"n_ftt": 256}}), "n_ftt"),
        (ensemble_recipe({"backbone": {"name": "unnet"}}), "did you mean 'unet'"),
    ],
)
def test_mistakes_are_told(recipe: Recipe, says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        build_separator(recipe)
