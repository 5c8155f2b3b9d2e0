"""The mask separator: shapes, levels, silence, band, precision."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from tests.helpers.synth import tiny_recipe
from vocalsep.errors import RecipeError
from vocalsep.models.features import FEATURES
from vocalsep.models.mask_separator import MaskSeparator


@pytest.fixture
def separator() -> MaskSeparator:
    torch.manual_seed(0)
    return MaskSeparator(tiny_recipe(Path("bank"))).eval()


@pytest.mark.parametrize("n_samples", [1, 63, 64, 1000, 4032])
def test_any_length(separator: MaskSeparator, n_samples: int) -> None:
    assert separator(torch.randn(3, 2, n_samples)).shape == (3, 1, 2, n_samples)


def test_several_targets() -> None:
    recipe = dataclasses.replace(tiny_recipe(Path("b")), targets=["vocals", "drums", "bass"])
    assert MaskSeparator(recipe).eval()(torch.randn(2, 2, 500)).shape == (2, 3, 2, 500)


def test_silence_gives_silence(separator: MaskSeparator) -> None:
    assert not separator(torch.zeros(1, 2, 2000)).any()


def test_level_does_not_matter(separator: MaskSeparator) -> None:
    mixture = 0.1 * torch.randn(1, 2, 4000)
    loud = separator(mixture)
    torch.testing.assert_close(separator(0.01 * mixture) * 100, loud, atol=1e-5, rtol=1e-3)


def test_an_open_mask_returns_the_band_of_the_mixture(separator: MaskSeparator) -> None:
    with torch.no_grad():
        separator.backbone.out.weight.zero_()  # type: ignore[union-attr,operator]
        separator.backbone.out.bias.fill_(100.0)  # type: ignore[union-attr,operator]
    time = torch.arange(4000) / separator.sample_rate
    inside, above = (torch.sin(2 * torch.pi * hz * time).expand(1, 2, -1) for hz in (500, 3800))
    out = separator(inside + above)[0]
    torch.testing.assert_close(out[..., 300:-300], inside[..., 300:-300], atol=2e-3, rtol=0)


def test_a_zero_head_gives_half(separator: MaskSeparator) -> None:
    with torch.no_grad():
        separator.backbone.out.weight.zero_()  # type: ignore[union-attr,operator]
        separator.backbone.out.bias.zero_()  # type: ignore[union-attr,operator]
    mixture = torch.randn(1, 2, 1000)
    spectra = separator.front_end.spectra(mixture.unsqueeze(1))
    assert torch.equal(separator.estimate(mixture).spectra, 0.5 * spectra)


def test_bfloat16_is_close(separator: MaskSeparator) -> None:
    mixture = 0.1 * torch.randn(1, 2, 4000)
    exact = separator(mixture)
    separator.set_backbone_dtype(torch.bfloat16)
    rough = separator(mixture)
    assert rough.dtype == torch.float32
    error_db = 10 * torch.log10((exact - rough).square().sum() / exact.square().sum())
    assert error_db < -35


def test_bins_above_share_the_mean_mask_of_the_highest_below() -> None:
    torch.manual_seed(0)
    separator = MaskSeparator(tiny_recipe(Path("bank")), extend=6).eval()
    n_bins = separator.front_end.n_bins
    mixture = torch.randn(1, 2, 4000)
    with torch.inference_mode():
        spectrum = separator.front_end.stft.analyse(mixture)
        masks = separator.estimate(mixture).spectra[:, 0] / spectrum[:, :, :n_bins]
        above = masks[:, :, n_bins - 6 :].mean(2, keepdim=True).expand_as(spectrum[:, :, n_bins:])
        expected = torch.cat([masks, above], 2) * spectrum
        found = separator.separate(mixture)[:, 0]
    assert torch.allclose(found, separator.front_end.stft.synthesise(expected, 4000), atol=1e-5)
    with pytest.raises(RecipeError, match=r"separator\.extend"):
        MaskSeparator(tiny_recipe(Path("bank")), extend=-1)


def test_mid_and_side_tell_a_centred_sound_from_a_wide_one() -> None:
    features = FEATURES.build("log_magnitude_mid_side", {})
    left = torch.randn(1, 4, 3, dtype=torch.complex64)
    alone = FEATURES.build("log_magnitude", {})
    for right, louder in ((left, 2), (-left, 3)):  # in phase, then opposed
        spectrum = torch.stack([left, right], dim=1)
        heard = features(spectrum)
        torch.testing.assert_close(heard[:, :2], alone(spectrum))
        torch.testing.assert_close(heard[:, louder], heard[:, 0])
        assert not heard[:, 5 - louder].any()
