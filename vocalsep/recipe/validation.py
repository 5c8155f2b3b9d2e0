"""The section `validation`: what a model in training is scored on."""

from __future__ import annotations

from dataclasses import dataclass, field

from vocalsep.recipe.part import check


@dataclass(frozen=True)
class Validation:
    """Whole songs with true stems, as files; scored as the user would hear them."""

    songs: dict[str, str] = field(default_factory=dict)  # name -> folder of stem files
    seconds: float = 30.0  # of each song, where its voice is strongest; 0: all of it

    def __post_init__(self) -> None:
        check("validation.seconds", self.seconds, self.seconds >= 0, "0 or more")
