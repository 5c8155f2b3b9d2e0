"""Several networks that hear the same and are asked together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from vocalsep.backbones.base import BACKBONES, About, Backbone, build_backbone
from vocalsep.recipe.part import check

MAX_MEMBERS = 16


@BACKBONES.register("ensemble")
class Ensemble(Backbone):
    """The mean of the logits of its members.

    Networks that were trained apart err apart, and the mean errs less than each. Trained as one,
    every member also has a loss of its own (as an auxiliary output); trained apart, they are put
    together by `vocalsep models join`. After Breiman, "Bagging Predictors", 1996.

    Args:
        in_channels: D of the input.
        out_channels: D of the output.
        n_bins: frequency bins of the input.
        members: a mapping with "name" and perhaps "params" for each network, 2-D ones.
    """

    about = About(
        family="audio",
        paper="after Breiman, Machine Learning 1996",
        ndims=(2,),
        thin={
            "members": [
                {"name": "unet_classic", "params": {"widths": [4, 6], "norm": "group"}},
                {"name": "unet_classic", "params": {"widths": [4, 6, 8], "norm": "group"}},
            ]
        },
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        n_bins: int,
        members: Sequence[Mapping[str, Any]] = (
            {"name": "blstm_unet"},
            {"name": "blstm_unet"},
        ),
    ) -> None:
        super().__init__()
        expected = f"1 to {MAX_MEMBERS} mappings with name and perhaps params, none an ensemble"
        fits = 1 <= len(members) <= MAX_MEMBERS and all(_is_part(each) for each in members)
        check("members", list(members), fits, expected)
        channels = (in_channels, out_channels)
        known = {"n_bins": n_bins}
        networks = [
            build_backbone(each["name"], channels, each.get("params", {}), known)
            for each in members
        ]
        check("members", list(members), all(each.ndim == 2 for each in networks), "2-D networks")
        self.n_bins = n_bins
        self.members = nn.ModuleList(networks)
        self.auxiliary_weights = (1.0 / len(networks),) * len(networks)

    def transform(self, features: Tensor) -> Tensor:
        return torch.stack(self._logits(features)).mean(0)

    def transform_all(self, features: Tensor) -> list[Tensor]:
        each = self._logits(features)
        return [torch.stack(each).mean(0), *each]

    def _logits(self, features: Tensor) -> list[Tensor]:
        return [cast(Tensor, member(features)) for member in self.members]


def _is_part(member: Mapping[str, Any]) -> bool:
    return (
        isinstance(member, Mapping)
        and {"name"} <= set(member) <= {"name", "params"}
        and member["name"] != "ensemble"
        and isinstance(member.get("params", {}), Mapping)
    )
