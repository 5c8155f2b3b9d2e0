"""Semi-supervised separation with critics, as a task like any other.

Beside the supervised loss, the separator is trained on mixtures whose sources it is not shown:
one critic for each stem compares its estimates with real sources of other recordings.

    critics     max E[D(real)] − E[D(estimate)] − λ·E[max(‖∇D‖ − 1, 0)²], several steps each
    separator   min supervised − α·Σ E[D(estimate)] + β·E[(|X| − Σ|Ŝ|)²]

Stoller, Ewert, Dixon, "Adversarial Semi-Supervised Audio Source Separation applied to Singing
Voice Extraction", ICASSP 2018; the one-sided penalty after Petzka, Fischer, Lukovnikov, "On the
regularization of Wasserstein GANs", ICLR 2018.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from vocalsep.data.loader import Batch, batches
from vocalsep.models.critic import build_critic
from vocalsep.recipe import Adversary, Recipe
from vocalsep.training.separation import Piece, SeparationBase, tensors_of
from vocalsep.training.world import World


@dataclass(frozen=True)
class SemiBatch:
    """The examples of a step: labelled ones, and unpaired sources for critics and separator.

    The first `critic_steps` of the unpaired batches are for the critics, the last for the
    separator.
    """

    labelled: Batch
    unpaired: list[Batch]


@dataclass(frozen=True)
class SemiPiece:
    """A part of a SemiBatch; only the first of a batch carries what the critics are shown."""

    labelled: Piece
    unlabelled: Piece
    shown: list[Piece]


class AdversarialTask(SeparationBase):
    """Separation with one critic for each stem.

    Args:
        recipe: its section training.adversary says how.
        adversary: that section.
        device: where.

    Raises:
        DataError: a bank or a validation song is missing or inconsistent.
        RecipeError: a part is unknown or refuses its parameters.
    """

    def __init__(self, recipe: Recipe, adversary: Adversary, device: torch.device) -> None:
        super().__init__(recipe, device)
        self.adversary = adversary
        size = (recipe.audio.n_bins, adversary.mixing.segment_frames)
        channels = recipe.audio.n_channels
        self.critics = nn.ModuleList(
            build_critic(adversary.critic, channels, size) for _ in recipe.stems
        ).to(device)
        self.critic_optimiser = torch.optim.Adam(
            self.critics.parameters(), lr=adversary.learning_rate
        )

    def batches(self, first_step: int, world: World) -> Iterator[SemiBatch]:
        _ = self.songs  # a missing one is told before the first step
        n_each = self.adversary.critic_steps + 1
        training = replace(self.recipe.training, max_steps=self.recipe.training.max_steps * n_each)
        # Another seed: the same bank must not give the same examples as the labelled ones.
        unpaired_recipe = replace(
            self.recipe,
            mixing=self.adversary.mixing,
            training=training,
            seed=self.recipe.seed + 1,
        )
        share = (world.rank, world.size, self.network.margin_samples)
        unpaired = batches(unpaired_recipe, first_step * n_each, *share)
        for batch in batches(self.recipe, first_step, *share):
            yield SemiBatch(batch, [next(unpaired) for _ in range(n_each)])

    def pieces(self, batch: SemiBatch, n_pieces: int) -> list[SemiPiece]:
        *shown, last = batch.unpaired
        for_critics = [self.cut(each, 1)[0] for each in shown]
        labelled, unlabelled = (self.cut(each, n_pieces) for each in (batch.labelled, last))
        return [
            SemiPiece(a, b, for_critics if number == 0 else [])
            for number, (a, b) in enumerate(zip(labelled, unlabelled, strict=True))
        ]

    def before_step(self, pieces: Sequence[SemiPiece], world: World) -> dict[str, float]:
        """Train the critics: one step for each unpaired batch that they are shown."""
        told: dict[str, float] = {}
        self.critics.requires_grad_(True)
        for shown in pieces[0].shown:
            with torch.no_grad():
                made = self.estimates(shown).magnitudes
            # Rolled, so that no critic sees an estimate beside its own source.
            real = shown.truth.magnitudes.roll(1, 0)
            self.critic_optimiser.zero_grad(set_to_none=True)
            distance, penalty = self._judge(torch.log1p(real), torch.log1p(made))
            (self.adversary.penalty * penalty - distance).backward()
            world.average_gradients(self.critics)
            self.critic_optimiser.step()
            told = {"critic_distance": distance.item(), "critic_penalty": penalty.item()}
        self.critics.requires_grad_(False)  # the separator's step only looks at them
        return told

    def _judge(self, real: Tensor, made: Tensor) -> tuple[Tensor, Tensor]:
        """Σ over stems of E[D(real)] − E[D(made)] and of the penalty; (B, S, C, F', T) each."""
        distance, penalty = real.new_zeros(()), real.new_zeros(())
        for stem, critic in enumerate(self.critics):
            a, b = real[:, stem], made[:, stem]
            distance = distance + critic(a).mean() - critic(b).mean()
            penalty = penalty + gradient_penalty(critic, a, b)
        return distance, penalty

    def weight(self, piece: SemiPiece) -> Tensor:
        """Of the supervised terms, then of the critics' and of the consistency."""
        supervised = self.supervised_weight(piece.labelled)
        magnitudes = piece.unlabelled.mixture.magnitudes
        counts = supervised.new_tensor([float(len(magnitudes)), float(magnitudes.numel())])
        return torch.cat([supervised, counts])

    def total(self, piece: SemiPiece) -> Tensor:
        """The supervised terms, α·(−Σ D(estimate)) and β·Σ(|X| − Σ|Ŝ|)²."""
        supervised = self.supervised_total(piece.labelled)
        made = self.estimates(piece.unlabelled).magnitudes  # (B, S, C, F', T)
        judged = [
            critic(torch.log1p(made[:, stem])).sum() for stem, critic in enumerate(self.critics)
        ]
        gap = piece.unlabelled.mixture.magnitudes - made.sum(1, keepdim=True)
        fooled = -self.adversary.weight * torch.stack(judged).sum()
        consistent = self.adversary.consistency * gap.square().sum()
        return torch.cat([supervised, torch.stack([fooled, consistent])])

    def tensors(self, pieces: Sequence[SemiPiece]) -> dict[str, Tensor]:
        parts = {
            "labelled": [piece.labelled for piece in pieces],
            "unlabelled": [piece.unlabelled for piece in pieces],
            "shown": pieces[0].shown,
        }
        return {
            f"{part}.{name}": value
            for part, members in parts.items()
            for name, value in tensors_of(members).items()
        }

    def state_dict(self) -> dict[str, Any]:
        return {
            "critics": self.critics.state_dict(),
            "critic_optimiser": self.critic_optimiser.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.critics.load_state_dict(state["critics"])
        self.critic_optimiser.load_state_dict(state["critic_optimiser"])


def gradient_penalty(critic: nn.Module, real: Tensor, made: Tensor) -> Tensor:
    """E[max(‖∇D(x̂)‖ − 1, 0)²] at random points x̂ between real and made, (B, …) each."""
    share = torch.rand(len(real), *(1,) * (real.ndim - 1), device=real.device)
    between = (share * real + (1 - share) * made).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    norms = gradient.flatten(1).norm(dim=1)
    penalty: Tensor = (norms - 1).clamp_min(0).square().mean()
    return penalty
