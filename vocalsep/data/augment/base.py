"""What all augmentations share: the sound they act on, their contract, and chains of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from vocalsep.data.draws import Sometimes
from vocalsep.errors import RecipeError
from vocalsep.recipe import Part
from vocalsep.registry import Registry

Segment: TypeAlias = npt.NDArray[np.float32]  # (2, N)


@dataclass(frozen=True)
class Sound:
    """A segment and how far up its spectrum is known.

    Attributes:
        samples: (2, N) float32.
        band_hz: what lies above is unknown, not silent.
    """

    samples: Segment
    band_hz: float


class Augmentation(Sometimes[Sound]):
    """Changes a sound with probability `p`.

    Subclasses take the sample rate (Hz) first; their other arguments are recipe keys. They leave
    their input untouched, keep silence silent, and give back as many samples as came in, or, where
    they change the time, at least the 1/`needs`-th part.

    Attributes:
        needs: most input samples for one output sample.
        joint: applied to each stem with the same draws it does what it would do to the mixture.
    """

    needs: float = 1.0
    joint: ClassVar[bool] = True

    def __init__(self, sample_rate: int, p: float) -> None:
        super().__init__(p)
        self.sample_rate = sample_rate


AUGMENTATIONS: Registry[Callable[..., Augmentation]] = Registry("augmentation")


class Chain:
    """Augmentations one after the other.

    Args:
        parts: names and parameters, as in a recipe.
        sample_rate: Hz.
        joint: it will be applied to every stem with the same draws.

    Raises:
        RecipeError: an unknown part or parameter, an impossible value, or one that is not `joint`
            where it must be.
    """

    def __init__(self, parts: Iterable[Part], sample_rate: int, joint: bool = False) -> None:
        self.steps: list[Augmentation] = [
            AUGMENTATIONS.build(part.name, part.params, sample_rate) for part in parts
        ]
        for part, step in zip(parts, self.steps, strict=True):
            if joint and not step.joint:
                raise RecipeError(
                    f"mixing.mix_augment: {part.name} acts on a mixture otherwise than on its "
                    f"stems; move it to the augment list of a stem"
                )
        self.needs = math.prod(step.needs for step in self.steps)

    def n_read(self, n_samples: int) -> int:
        """Samples to put in for `n_samples` out."""
        return math.ceil(n_samples * self.needs) + 2 * (self.needs > 1)

    def __call__(self, rng: np.random.Generator, sound: Sound, n_samples: int) -> Sound:
        """Change a sound of `n_read(n_samples)` samples and cut it to `n_samples`."""
        needs = self.needs
        for step in self.steps:
            sound = step(rng, sound)
            # What later steps do not need is not worth their time.
            needs /= step.needs
            kept = math.ceil(n_samples * needs) + 2 * (needs > 1 + 1e-9)
            sound = Sound(sound.samples[:, :kept], sound.band_hz)
        return Sound(sound.samples[:, :n_samples], sound.band_hz)


def decibels(db: float) -> float:
    """The factor of a level difference.

    >>> decibels(-20.0)
    0.1
    """
    return float(10 ** (db / 20))
