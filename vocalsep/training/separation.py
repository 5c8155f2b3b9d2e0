"""The task of separating sources: what the trainer asks of it, see task.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from vocalsep.data.loader import Batch, batches
from vocalsep.dsp.signals import Signals
from vocalsep.evaluation.score import score
from vocalsep.evaluation.songs import Song
from vocalsep.models.base import BaseSeparator
from vocalsep.models.build import build_separator
from vocalsep.models.checkpoint import save_model
from vocalsep.models.load import load_separator
from vocalsep.recipe import Recipe, recipe_to_json
from vocalsep.training.exhibits import exhibits_of
from vocalsep.training.losses import build_loss
from vocalsep.training.songs import validation_songs
from vocalsep.training.task import Exhibit, Scores, Validation
from vocalsep.training.world import World


@dataclass(frozen=True)
class Piece:
    """Examples as network and loss take them.

    Attributes:
        heard: (B, C, N) mixtures with the margins of context.
        truth: all stems between the margins, the residual last.
        mixture: their sum, S = 1.
        valid: (B, 1, 1, F', 1) bool, the bins inside the band of every source.
    """

    heard: Tensor
    truth: Signals
    mixture: Signals
    valid: Tensor


class SeparationBase:
    """The separator of a recipe, with all of a task that does not depend on what a batch is.

    Args:
        recipe: what to train, on what, and how.
        device: where.

    Raises:
        DataError: a validation song is missing or inconsistent.
        RecipeError: a part is unknown or refuses its parameters.
    """

    def __init__(self, recipe: Recipe, device: torch.device) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.device = device
        self.network: BaseSeparator = build_separator(recipe).to(device)
        self.network.use_channels_last()
        self.loss = build_loss(recipe.training.loss)
        bins = torch.arange(recipe.audio.n_bins, device=device)
        self.bin_hz = bins * (recipe.audio.sample_rate / recipe.audio.n_fft)  # (F',)
        self._songs: list[Song] | None = None

    @property
    def songs(self) -> list[Song]:
        """The validation songs, decoded when they are first asked for."""
        if self._songs is None:
            self._songs = validation_songs(self.recipe)
        return self._songs

    def describe(self) -> str:
        return recipe_to_json(self.recipe)

    def cut(self, batch: Batch, n_pieces: int) -> list[Piece]:
        """At most n_pieces parts of a batch, on the device."""
        moved = batch.to(self.device)
        n_each = -(-len(moved.sources) // n_pieces)
        cuts = zip(moved.sources.split(n_each), moved.band_hz.split(n_each), strict=True)
        return [self.piece(sources, band_hz) for sources, band_hz in cuts]

    def piece(self, sources: Tensor, band_hz: Tensor) -> Piece:
        """Of sources (B, S, C, N) and the bands (B, S) above which they are unknown."""
        margin = self.network.margin_samples
        inside = slice(margin, sources.shape[-1] - margin)
        truth = Signals.from_waveforms(sources[..., inside], self.network.front_end)
        mixture = truth.map(lambda view: view.sum(1, keepdim=True))
        lowest = band_hz.amin(1)  # (B,)
        valid = (self.bin_hz < lowest[:, None])[:, None, None, :, None]
        return Piece(sources.sum(1), truth, mixture, valid)

    def supervised_weight(self, piece: Piece) -> Tensor:
        """(K,) of the recipe's loss."""
        with torch.no_grad():
            return self.loss.weight(piece.truth, piece.valid)

    def supervised_total(self, piece: Piece) -> Tensor:
        """(K,) of the recipe's loss; auxiliary outputs of the network count with their weights."""
        outputs = self.network.estimate_all(piece.heard)
        totals = [
            weight * self.loss.total(self._stems(targets, piece), piece.truth, piece.valid)
            for weight, targets in outputs
        ]
        return torch.stack(totals).sum(0)

    def estimates(self, piece: Piece) -> Signals:
        """All stems as they are trained."""
        return self._stems(self.network.estimate(piece.heard), piece)

    def _stems(self, targets: Signals, piece: Piece) -> Signals:
        return self.network.rule.trained_stems(targets, piece.mixture)

    def validate(self, world: World) -> Validation:
        """The mean SDR of the targets over the songs, which are shared out."""
        mine = {song.name: self._score(song) for song in self.songs[world.rank :: world.size]}
        gathered = {name: s for part in world.gather(mine) for name, s in part.items()}
        scores: Scores = {song.name: gathered[song.name] for song in self.songs}
        values = [each[name] for each in scores.values() for name in self.recipe.targets]
        mean = sum(values) / len(values) if values else None
        return Validation(mean, f"mean {' '.join(self.recipe.targets)} SDR, dB", scores)

    def exhibits(self) -> Iterator[Exhibit]:
        for song in self.songs[:2]:
            yield from exhibits_of(song, self.separate(song), self.network)

    def speed(self, examples_per_s: float) -> dict[str, float]:
        mixing, audio = self.recipe.mixing, self.recipe.audio
        example_s = (mixing.segment_frames - 1) * audio.hop_length / audio.sample_rate
        return {"x_real_time": round(examples_per_s * example_s, 1)}

    def save(
        self, path: Path, weights: Mapping[str, Tensor], scores: Scores, facts: Mapping[str, Any]
    ) -> None:
        save_model(path, self.recipe, weights, scores, facts)

    def model(self, name_or_path: str) -> BaseSeparator:
        return load_separator(name_or_path)[0]

    def _score(self, song: Song) -> dict[str, float]:
        stems = self.separate(song)
        return score(song, {name: stems[name].numpy() for name in self.recipe.stems})

    @torch.inference_mode()
    def separate(self, song: Song) -> dict[str, Tensor]:
        """All stems, (C, N) each: chunks without overlap, quick and a little pessimistic."""
        mixture = torch.from_numpy(song.mixture).to(self.device)  # (C, N)
        margin, length = self.network.margin_samples, mixture.shape[-1]
        n_inside = self.network.chunk_samples - 2 * margin
        padded = functional.pad(mixture, (margin, margin))
        estimates = [
            self.network.forward_valid(padded[None, :, start : start + n_inside + 2 * margin])
            for start in range(0, length, n_inside)
        ]
        whole = torch.cat(estimates, dim=-1)  # (1, S, C, N)
        stems = self.network.rule.stems_of(whole, mixture[None, None])[0].cpu()
        return dict(zip(self.network.stems, stems, strict=True))


class SeparationTask(SeparationBase):
    """Supervised training of a separator."""

    def batches(self, first_step: int, world: World) -> Iterator[Batch]:
        _ = self.songs  # a missing one is told before the first step
        margin = self.network.margin_samples
        return batches(self.recipe, first_step, world.rank, world.size, margin)

    def pieces(self, batch: Batch, n_pieces: int) -> list[Piece]:
        return self.cut(batch, n_pieces)

    def before_step(self, pieces: Sequence[Piece], world: World) -> dict[str, float]:
        return {}

    def weight(self, piece: Piece) -> Tensor:
        return self.supervised_weight(piece)

    def total(self, piece: Piece) -> Tensor:
        return self.supervised_total(piece)

    def tensors(self, pieces: Sequence[Piece]) -> dict[str, Tensor]:
        return tensors_of(pieces)

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Nothing is trained besides the network."""


def tensors_of(pieces: Sequence[Piece]) -> dict[str, Tensor]:
    """What pieces hold, on the CPU."""
    return {
        "sources": torch.cat([piece.truth.waveforms for piece in pieces]).cpu(),
        "heard": torch.cat([piece.heard for piece in pieces]).cpu(),
    }
