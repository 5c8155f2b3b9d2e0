"""Several separators asked together, each with an STFT and a network of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from vocalsep.dsp.signals import Signals
from vocalsep.dsp.speeds import at_speed
from vocalsep.models.base import SEPARATORS, BaseSeparator, build_separator
from vocalsep.recipe import Recipe, with_changes
from vocalsep.recipe.part import check

ENSEMBLE = "ensemble"
MAX_MEMBERS = 16
OWN = ("audio", "separator", "backbone")  # sections in which a member may differ


@SEPARATORS.register(ENSEMBLE)
class EnsembleSeparator(BaseSeparator):
    """The mean of its members' estimates.

    Separators that were trained apart err apart, and the mean errs less than each (after Breiman,
    "Bagging Predictors", 1996). Put together by `vocalsep models join`; trained as one, every
    member also has a loss of its own.

    The spectra that losses may want come from the recipe's front end, chunks are of the recipe's
    length; members may have another STFT and another band, or hear samples.

    Args:
        recipe: targets, audio and chunk_frames are used, and by members what they do not change.
        members: of each, what differs from the recipe: mappings with "audio", "separator" and
            "backbone", all optional and written as in a recipe.
        speeds: for each member, at which speeds it hears what is separated; each counts as a
            member of its own. Empty: all at 1. Training does not know of them.

    Raises:
        RecipeError: no members, nested ones, one of another rate, or a member cannot be built;
            speeds that do not fit.
    """

    def __init__(
        self,
        recipe: Recipe,
        *,
        members: Sequence[Mapping[str, Any]] = (),
        speeds: Sequence[Sequence[float]] = (),
    ) -> None:
        super().__init__(recipe)
        fits = 1 <= len(members) <= MAX_MEMBERS and all(map(_is_member, members))
        expected = f"1 to {MAX_MEMBERS} mappings with some of {', '.join(OWN)}, none an {ENSEMBLE}"
        check("separator.members", list(members), fits, expected)
        self.backbone = nn.ModuleList(_build(recipe, member) for member in members)
        self.speeds = speeds or [[1.0]] * len(members)
        check_speeds(self.speeds, len(members))
        self._share = 1.0 / len(members)
        self.margin_samples = max(member.margin_samples for member in self)
        self.chunk_samples += 2 * self.margin_samples

    def __iter__(self) -> Iterator[BaseSeparator]:
        return iter(cast("Sequence[BaseSeparator]", self.backbone))

    def set_backbone_dtype(self, dtype: torch.dtype) -> None:
        for member in self:
            member.set_backbone_dtype(dtype)
        self._backbone_dtype = dtype

    def separate(self, mixture: Tensor) -> Tensor:
        """(B, C, L) -> (B, S, C, L − 2·margins), both float32."""
        each = [
            at_speed(
                member.forward_valid, self._heard_by(member, mixture), speed, member.margin_samples
            )
            for member, speeds in zip(self, self.speeds, strict=True)
            for speed in speeds
        ]
        return torch.stack(each).mean(0)

    def estimates_heard(self, mixture: Tensor, auxiliary: bool) -> list[tuple[float, Signals]]:
        """(B, C, N) -> estimates (B, S, C, …); the auxiliary ones are those of the members."""
        firsts, every = [], []
        for member in self:
            heard = self._heard_by(member, mixture)
            found = member.estimate_all(heard) if auxiliary else [(1.0, member.estimate(heard))]
            firsts.append(found[0][1].waveforms)
            every += [
                (self._share * weight, self._signals(each.waveforms)) for weight, each in found
            ]
        mean = (1.0, self._signals(torch.stack(firsts).mean(0)))
        return [mean, *every] if auxiliary else [mean]

    def _signals(self, waveforms: Tensor) -> Signals:
        return Signals.from_waveforms(waveforms, self.front_end)

    def _heard_by(self, member: BaseSeparator, mixture: Tensor) -> Tensor:
        """The mixture with no more margin than this member wants."""
        spare = self.margin_samples - member.margin_samples
        return mixture[..., spare : mixture.shape[-1] - spare]


def check_speeds(speeds: Sequence[Sequence[float]], n_members: int) -> None:
    """Whether every member has a speed.

    Raises:
        RecipeError: another number of members, a member without speeds, or a speed outside
            1/4…4.
    """
    fits = len(speeds) == n_members and all(speeds)
    fits = fits and all(0.25 <= speed <= 4 for each in speeds for speed in each)
    expected = f"a list of speeds of 1/4 to 4 for each of {n_members} members"
    check("separator.speeds", list(speeds), fits, expected)


def _build(recipe: Recipe, member: Mapping[str, Any]) -> BaseSeparator:
    of_its_own = with_changes(recipe, {"separator": {"name": "mask", "params": {}}, **member})
    rate, expected = of_its_own.audio.sample_rate, recipe.audio.sample_rate
    check("separator.members: audio.sample_rate", rate, rate == expected, f"{expected} Hz")
    return build_separator(of_its_own)


def _is_member(member: Any) -> bool:
    if not isinstance(member, Mapping) or not set(member) <= set(OWN):
        return False
    separator = member.get("separator", {"name": "mask"})
    return isinstance(separator, Mapping) and separator.get("name", ENSEMBLE) != ENSEMBLE
