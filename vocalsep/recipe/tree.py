"""The whole recipe."""

from __future__ import annotations

from dataclasses import dataclass, field

from vocalsep.recipe.audio import Audio
from vocalsep.recipe.mixing import Mixing
from vocalsep.recipe.part import PLAIN_NAME, Part, check
from vocalsep.recipe.training import Training
from vocalsep.recipe.validation import Validation

MAX_CHUNK_SAMPLES = 2**24  # over six minutes at 44.1 kHz
MAX_TARGETS = 32


@dataclass(frozen=True)
class Recipe:
    """A model and its training.

    Attributes:
        targets: stems that are estimated.
        residual: the stem that gets the mixture minus all other stems, so that stems add up. One
            of the targets when these are meant to be everything ("other" of four stems); empty:
            "accompaniment" beside the only target "vocals", else "residual".
        separator: how estimates are made of the mixture: a mask on its spectrum, or a waveform.
    """

    name: str
    targets: list[str] = field(default_factory=lambda: ["vocals"])
    residual: str = ""
    licence: str = "not stated"  # of the weights
    training_data: str = "not stated"  # one line: what was heard, with licences
    audio: Audio = field(default_factory=Audio)
    separator: Part = field(default_factory=lambda: Part("mask"))
    chunk_frames: int = 512  # STFT frames per network call when separating
    backbone: Part = field(default_factory=lambda: Part("unet"))
    mixing: Mixing = field(default_factory=Mixing)
    training: Training = field(default_factory=Training)
    validation: Validation = field(default_factory=Validation)
    seed: int = 0
    task: str = "separation"  # what chooses this tree

    @property
    def stems(self) -> list[str]:
        """Names of all stems that come out, the residual last; they add up to the mixture."""
        usual = "accompaniment" if self.targets == ["vocals"] else "residual"
        rest = self.residual or usual
        return [*(target for target in self.targets if target != rest), rest]

    def __post_init__(self) -> None:
        names = self.targets
        distinct = len(set(names)) == len(names) and 1 <= len(names) <= MAX_TARGETS
        check("targets", names, distinct, f"1 to {MAX_TARGETS} distinct stem names")
        for key, name in [("name", self.name), *(("targets", target) for target in names)]:
            plain = PLAIN_NAME.fullmatch(name) is not None
            check(key, name, plain, "a plain name: letters, digits, inner '.', '-', '+', spaces")
        chunk = (self.chunk_frames - 1) * self.audio.hop_length
        most = MAX_CHUNK_SAMPLES // self.audio.hop_length + 1
        check("chunk_frames", self.chunk_frames, 0 < chunk <= MAX_CHUNK_SAMPLES, f"2 to {most}")
        residual = self.residual
        fits = residual == "" or PLAIN_NAME.fullmatch(residual) is not None
        check("residual", residual, fits, "a stem name, or nothing for the usual one")
        rest = f"a stem beside the only target, {names[0]!r}"
        check("residual", residual, len(self.stems) > 1, rest)
        check("seed", self.seed, self.seed >= 0, "0 or more")
