"""What a network needs and sees, against what can be worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from tests.helpers.synth import make_bank, tiny_recipe
from vocalsep.errors import RecipeError
from vocalsep.models.build import build_separator
from vocalsep.recipe import Audio, Mixing, Part, Recipe, load_recipe
from vocalsep.training.measure import activation_bytes, receptive_field
from vocalsep.training.summary import summary

RECIPES = Path(__file__).parents[2] / "recipes"


def wave(**params: object) -> Recipe:
    return Recipe(
        "wave",
        audio=Audio(n_channels=1, n_fft=64, hop_length=32, n_bins=33),
        separator=Part("waveform"),
        backbone=Part("wave_u_net", {"levels": 1, "width": 2, **params}),
        mixing=Mixing(segment_frames=5),
        chunk_frames=9,
    )


def test_receptive_field_of_a_wave_u_net() -> None:
    """Down k3, every second, k3, up to 2n − 1, k3, and the skip: its own smallest input."""
    separator = build_separator(wave(kernel=3, up_kernel=3, context=True))
    context = separator.margin_samples
    assert receptive_field(separator).startswith(f"{2 * context + 1} of ")


def test_receptive_field_ignores_norms() -> None:
    sizes = set()
    for norm in ("none", "group"):
        recipe = Recipe(
            "x",
            audio=Audio(n_fft=256, hop_length=64, n_bins=128),
            backbone=Part("unet", {"widths": [4], "kernel": 4, "norm": norm, "dropout": 0.0}),
            chunk_frames=128,
        )
        sizes.add(receptive_field(build_separator(recipe)))
    # A strided k4 after a transposed k4: 4 + 2 values along each axis
    assert sizes == {"6 of 128 bins × 6 of 128 frames"}


def test_activations_are_counted() -> None:
    """Level 1: conv and activation on 128 samples (width 2); bottom on 64 (width 4); …"""
    one, two = (activation_bytes(wave(width=w, context=False)) for w in (2, 4))
    assert 4 * 128 * 2 < one < two < 2.1 * one


def test_the_summary_counts_and_names(tmp_path: Path) -> None:
    make_bank(tmp_path / "bank")
    recipe = tiny_recipe(tmp_path / "bank")
    text = summary(recipe)
    n_parameters = sum(w.numel() for w in build_separator(recipe).parameters())
    assert f"{n_parameters:,}" in text
    assert "vocals, accompaniment" in text
    assert "2 tracks" in text and "loose" in text
    assert "learning_rate: 0.01" in text


def test_missing_data_does_not_keep_the_summary_away(tmp_path: Path) -> None:
    assert "not a bank" in summary(tiny_recipe(tmp_path / "nowhere"))


def test_a_wrong_part_does(tmp_path: Path) -> None:
    recipe = tiny_recipe(tmp_path)
    with pytest.raises(RecipeError, match="did you mean"):
        summary(Recipe("x", training=type(recipe.training)(loss=Part("magnitude_l11"))))


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("jansson", 2 * 9_823_313),
        ("spleeter", 2 * 9_822_725),
        ("wave-u-net-m1", 10_263_028),
        ("wave-u-net-m2", 10_263_002),
        ("wave-u-net-m3", 10_263_002),
        ("wave-u-net-m4", 10_263_390),
        ("wave-u-net-m5", 10_265_550),
        ("wave-u-net-m6", 10_263_498),
        ("wave-u-net-m7", 20_594_652),
        ("adversarial", 958_596),
    ],
)
def test_recipes_have_the_published_counts(name: str, count: int) -> None:
    with torch.device("meta"):
        separator: nn.Module = build_separator(load_recipe(RECIPES / f"{name}.yaml"))
    assert sum(w.numel() for w in separator.parameters()) == count


@pytest.mark.parametrize(
    "name", ["wave-u-net-m3", "wave-u-net-m4", "wave-u-net-m5", "wave-u-net-m6"]
)
def test_wave_u_nets_hear_what_is_published(name: str) -> None:
    recipe = load_recipe(RECIPES / f"{name}.yaml")
    with torch.device("meta"):
        separator = build_separator(recipe)
    inside = (recipe.mixing.segment_frames - 1) * recipe.audio.hop_length
    assert (inside + 2 * separator.margin_samples, inside) == (147_443, 16_389)
