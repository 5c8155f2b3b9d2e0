"""What every separator promises: mixtures in, estimates of the targets out."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor
from torch.nn import functional

from vocalsep.dsp.front_end import FrontEnd
from vocalsep.dsp.signals import Signals
from vocalsep.models.model import Model
from vocalsep.models.stem_rule import StemRule
from vocalsep.recipe import Recipe
from vocalsep.registry import Registry


class BaseSeparator(Model):
    """A network with what stands between it and waveforms.

    A model of one channel hears every channel of its input on its own; a model of two channels
    hears a mono input twice and gives the mean of its two answers.

    Args:
        recipe: targets, audio front end and chunk_frames are used here.

    Attributes:
        sample_rate: Hz.
        n_channels: channels that the network hears together, 1 or 2.
        targets: what the network estimates, in the order of S.
        stems: what comes out, the residual last; see `rule`.
        rule: from estimates to stems.
        front_end: STFT and band of the recipe.
        chunk_samples: samples that the network should get at a time, margins included.
        margin_samples: samples at each end of a chunk that only give context.
    """

    margin_samples: int = 0

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        audio = recipe.audio
        self.sample_rate = audio.sample_rate
        self.n_channels = audio.n_channels
        self.n_fft = audio.n_fft
        self.hop_length = audio.hop_length
        self.targets = tuple(recipe.targets)
        self.stems = tuple(recipe.stems)
        self.rule = StemRule(self.targets, self.stems)
        self.front_end = FrontEnd(audio.n_fft, audio.hop_length, audio.n_bins)
        # Centred frames: n frames span (n − 1) hops.
        self.chunk_samples = (recipe.chunk_frames - 1) * audio.hop_length

    def forward(self, mixture: Tensor) -> Tensor:
        """Estimate every target for the whole mixture; beyond its ends is silence.

        Args:
            mixture: (B, C, L) float32, L ≥ 1.

        Returns:
            (B, S, C, L) float32, aligned with the mixture.
        """
        margins = (self.margin_samples, self.margin_samples)
        return self.forward_valid(functional.pad(mixture, margins))

    def forward_valid(self, mixture: Tensor) -> Tensor:
        """Estimate every target between the margins: (B, C, L) -> (B, S, C, L − 2·margins).

        What a chunk of a stream needs: its margins hold the real signal.
        """
        return self._as_came(self.separate(self._as_heard(mixture)), mixture.shape[1])

    def estimate(self, mixture: Tensor) -> Signals:
        """Estimate every target as losses see it.

        Args:
            mixture: (B, C, N) float32, margins included.

        Returns:
            (B, S, C, …) of what lies between the margins.
        """
        return self._estimates(mixture, auxiliary=False)[0][1]

    def estimate_all(self, mixture: Tensor) -> list[tuple[float, Signals]]:
        """The estimate with weight 1, then those of auxiliary outputs with theirs in the loss.

        For training networks with deep supervision; others have the estimate alone.
        """
        return self._estimates(mixture, auxiliary=True)

    def _estimates(self, mixture: Tensor, auxiliary: bool) -> list[tuple[float, Signals]]:
        n_channels = mixture.shape[1]
        found = self.estimates_heard(self._as_heard(mixture), auxiliary)
        return [
            (weight, signals.map(lambda view: self._as_came(view, n_channels)))
            for weight, signals in found
        ]

    @abstractmethod
    def separate(self, mixture: Tensor) -> Tensor:
        """Waveforms of the targets as users hear them, C = n_channels.

        (B, C, L) float32 -> (B, S, C, L − 2·margins) float32.
        """

    @abstractmethod
    def estimates_heard(self, mixture: Tensor, auxiliary: bool) -> list[tuple[float, Signals]]:
        """What `estimate_all` gives, or only its first, for C = n_channels."""

    def _as_heard(self, mixture: Tensor) -> Tensor:
        """(B, C, L) -> (B', n_channels, L)."""
        if self.n_channels == 1:
            return mixture.flatten(0, 1).unsqueeze(1)  # (B·C, 1, L)
        return mixture.expand(-1, self.n_channels, -1)

    def _as_came(self, estimates: Tensor, n_channels: int) -> Tensor:
        """(B', S, n_channels, …) -> (B, S, C, …), the inverse of `_as_heard`."""
        if self.n_channels == 1:
            batch, n_targets, _, *size = estimates.shape
            split = estimates.reshape(batch // n_channels, n_channels, n_targets, *size)
            return split.transpose(1, 2)
        if n_channels == 1:
            return estimates.mean(2, keepdim=True)
        return estimates


SEPARATORS: Registry[type[BaseSeparator]] = Registry("separator")


def build_separator(recipe: Recipe) -> BaseSeparator:
    """The separator that a recipe names, with fresh weights, in training mode.

    Raises:
        RecipeError: a part is unknown or refuses its parameters.
    """
    part = recipe.separator
    built: BaseSeparator = SEPARATORS.build(part.name, part.params, recipe)
    return built
