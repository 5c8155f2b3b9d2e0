"""What augmentations of sounds and of pictures share: chance, and ranges of a recipe."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

import numpy as np

T = TypeVar("T")


class Sometimes(ABC, Generic[T]):
    """Changes something with probability `p`, drawing everything from the generator it is given.

    Args:
        p: probability.

    Raises:
        ValueError: `p` is no probability.
    """

    def __init__(self, p: float) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"p is {p}: expected a probability, 0 to 1")
        self.p = p

    def __call__(self, rng: np.random.Generator, value: T) -> T:
        """The changed value, or the same with probability 1 − p."""
        return self.apply(rng, value) if rng.random() < self.p else value

    @abstractmethod
    def apply(self, rng: np.random.Generator, value: T) -> T:
        """The changed value; the given one stays as it is."""


def checked_range(name: str, values: tuple[float, float], lowest: float, highest: float) -> None:
    """Refuse a range of a recipe.

    Raises:
        ValueError: not lowest ≤ low ≤ high ≤ highest.
    """
    low, high = values
    if not lowest <= low <= high <= highest:
        raise ValueError(f"{name} is {list(values)}: expected {lowest} ≤ low ≤ high ≤ {highest}")


def checked(name: str, value: float, lowest: float, highest: float) -> None:
    """Refuse a number of a recipe.

    Raises:
        ValueError: not lowest ≤ value ≤ highest.
    """
    if not lowest <= value <= highest:
        raise ValueError(f"{name} is {value}: expected {lowest} to {highest}")


def log_uniform(rng: np.random.Generator, bounds: tuple[float, float]) -> float:
    """A number whose logarithm is uniform: as likely between 1 and 2 as between 2 and 4."""
    return float(np.exp(rng.uniform(*np.log(bounds))))
