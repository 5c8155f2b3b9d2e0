"""The section `mixing`: what training examples are made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from vocalsep.recipe.part import Part, check


@dataclass(frozen=True)
class Mixing:
    """How training examples are drawn from the bank; shares and probabilities are in 0…1."""

    bank: str = ""  # folder written by `vocalsep data pack`
    segment_frames: int = 128  # STFT frames in one example
    voice_shares: dict[str, float] = field(default_factory=dict)  # bank group -> share
    music_shares: dict[str, float] = field(default_factory=dict)
    same_song: float = 0.25  # probability that both stems come from one moment of one song
    voice_only: float = 0.02  # probability of an example without accompaniment
    music_only: float = 0.08  # probability of an example without voice
    second_voice: float = 0.2  # probability that a second voice is added to the first
    voice_db: tuple[float, float] = (-10.0, 4.0)  # voice level against music, dB, uniform
    mono: float = 0.1  # probability that the whole mixture is collapsed to mono
    voice_augment: list[Part] = field(default_factory=list)
    music_augment: list[Part] = field(default_factory=list)

    def __post_init__(self) -> None:
        frames = self.segment_frames
        check("mixing.segment_frames", frames, 2 <= frames <= 2**16, "2 to 65536")
        for key in ("same_song", "voice_only", "music_only", "second_voice", "mono"):
            value = getattr(self, key)
            check(f"mixing.{key}", value, 0 <= value <= 1, "a probability, 0 to 1")
        low, high = self.voice_db
        check("mixing.voice_db", self.voice_db, low <= high, "the lower level first")
        for key in ("voice_shares", "music_shares"):
            shares = getattr(self, key)
            fits = not shares or (min(shares.values()) >= 0 and sum(shares.values()) > 0)
            check(f"mixing.{key}", shares, fits, "shares of 0 or more that are not all 0")
