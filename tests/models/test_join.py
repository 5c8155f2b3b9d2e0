"""Models that were trained apart, put together: the mean of what they say."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from tests.helpers.recipes import mask_recipe
from vocalsep.errors import ModelError
from vocalsep.models.build import build_separator
from vocalsep.models.checkpoint import load_model, save_model
from vocalsep.models.join import join_models
from vocalsep.recipe import Part, Recipe

MEMBERS = [
    {"name": "unet_classic", "params": {"widths": [4, 6]}},
    {"name": "blstm_unet", "params": {"widths": [4, 6], "hidden": 4, "squeezed": 1}},
]


def single(index: int) -> Recipe:
    part = Part(str(MEMBERS[index]["name"]), dict(MEMBERS[index]["params"]))  # type: ignore[call-overload]
    return dataclasses.replace(mask_recipe(), name=f"member-{index}", backbone=part)


def joint() -> Recipe:
    return dataclasses.replace(mask_recipe(), backbone=Part("ensemble", {"members": MEMBERS}))


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """Two models with weights of their own."""
    for index in range(2):
        torch.manual_seed(index)
        model = build_separator(single(index))
        facts = {"step": index}
        save_model(tmp_path / f"{index}.safetensors", single(index), model.state_dict(), {}, facts)
    return [tmp_path / f"{index}.safetensors" for index in range(2)]


def test_logits_are_the_mean_of_the_members(paths: list[Path], tmp_path: Path) -> None:
    join_models(joint(), paths, tmp_path / "joint.safetensors")
    whole, card = load_model(tmp_path / "joint.safetensors")
    members = [load_model(path)[0].eval() for path in paths]
    features = torch.rand(1, 2, joint().audio.n_bins, 24)
    with torch.inference_mode():
        found = whole.eval().backbone(features)
        expected = torch.stack([m.backbone(features) for m in members]).mean(0)
    assert torch.allclose(found, expected, atol=1e-6)
    assert [each["name"] for each in card.provenance["members"]] == ["member-0", "member-1"]


def test_what_does_not_fit_is_refused(paths: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "joint.safetensors"
    with pytest.raises(ModelError, match="1 models for the 2 members"):
        join_models(joint(), paths[:1], out)
    with pytest.raises(ModelError, match="is a blstm_unet, its member a unet_classic"):
        join_models(joint(), paths[::-1], out)
    with pytest.raises(ModelError, match="expected a recipe with an ensemble"):
        join_models(single(0), paths, out)
    other = dataclasses.replace(joint(), targets=["vocals"])
    with pytest.raises(ModelError, match="audio, separator and targets differ"):
        join_models(other, paths, out)
    wider = [{"name": "unet_classic", "params": {"widths": [4, 8]}}, MEMBERS[1]]
    misfit = dataclasses.replace(joint(), backbone=Part("ensemble", {"members": wider}))
    with pytest.raises(ModelError, match="do not fit the members"):
        join_models(misfit, paths, out)
    assert not out.exists()
