"""The section `mixing`: what training examples are made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from vocalsep.recipe.part import Part, check

VOICE = "vocals"
Shares = dict[str, float]  # group of the bank -> share


@dataclass(frozen=True)
class StemMixing:
    """How one stem is drawn; shares and probabilities are in 0…1."""

    shares: Shares = field(default_factory=dict)  # by bank group; empty: by length
    level_db: list[float] = field(default_factory=list)  # [low, high] of its loud parts against
    # the sum of the stems without such a range, uniform; empty: as loud as it was recorded
    silent: float = 0.0  # probability that this stem is silent
    second: float = 0.0  # probability that a second take is added
    augment: list[Part] = field(default_factory=list)  # in this order, of this stem alone

    def __post_init__(self) -> None:
        _check_shares("mixing.stems: shares", self.shares)
        level = self.level_db
        fits = not level or (len(level) == 2 and level[0] <= level[1])
        check("mixing.stems: level_db", level, fits, "[low, high] in dB, or [] to leave levels")
        for key in ("silent", "second"):
            _check_probability(f"mixing.stems: {key}", getattr(self, key))


@dataclass(frozen=True)
class Mixing:
    """How training examples are drawn; shares and probabilities are in 0…1."""

    # Where the audio comes from.
    bank: str = ""  # folder written by `vocalsep data pack`, or packed from `root` by training
    root: str = ""  # data set (folder or list) that is packed into `bank` when that lacks it
    layout: str = ""  # of `root`, see `vocalsep data check --help`; empty: guessed
    split: str = "train"  # of `root`: train | valid | train+valid; test is held out
    bandwidth: bool = False  # measure how far up the stems of `root` go; the rest does not count
    shards: list[str] = field(default_factory=list)  # tar shards read instead of a bank: paths
    # and URLs ({000..099} counts), or the shardindex.json that `vocalsep data shards` writes
    shard_pool: int = 32  # samples of the shards that a loader process keeps decoded
    shard_refresh: int = 4  # of them that are replaced by new ones at every step
    # What is drawn from it.
    segment_frames: int = 128  # STFT frames in one example, context margins not counted
    same_song: float = 0.25  # probability that all stems come from one moment of one song
    same_song_db: tuple[float, float] = (-6.0, 5.0)  # gain of each of them, uniform, dB
    mono: float = 0.1  # probability that the whole mixture is collapsed to mono
    mix_augment: list[Part] = field(default_factory=list)  # with the same draws for every stem
    stems: dict[str, StemMixing] = field(default_factory=dict)  # stem -> how it is drawn; a stem
    # that is not named here follows the voice_… keys ("vocals") or the music_… keys (all others)
    voice_shares: Shares = field(default_factory=dict)
    music_shares: Shares = field(default_factory=dict)
    voice_only: float = 0.02  # probability of an example of nothing but the voice
    music_only: float = 0.08  # probability of an example without voice
    second_voice: float = 0.2  # probability that a second voice is added to the first
    voice_db: tuple[float, float] = (-10.0, 4.0)  # voice level against music, dB, uniform
    voice_augment: list[Part] = field(default_factory=list)
    music_augment: list[Part] = field(default_factory=list)

    def of(self, stem: str) -> StemMixing:
        """How `stem` is drawn."""
        if stem in self.stems:
            return self.stems[stem]
        if stem == VOICE:
            level = list(self.voice_db)
            return StemMixing(
                self.voice_shares, level, 0.0, self.second_voice, list(self.voice_augment)
            )
        return StemMixing(self.music_shares, augment=list(self.music_augment))

    def __post_init__(self) -> None:
        frames = self.segment_frames
        check("mixing.segment_frames", frames, 2 <= frames <= 2**16, "2 to 65536")
        for key in ("same_song", "voice_only", "music_only", "second_voice", "mono"):
            _check_probability(f"mixing.{key}", getattr(self, key))
        for key in ("voice_db", "same_song_db"):
            low, high = getattr(self, key)
            check(f"mixing.{key}", (low, high), low <= high, "the lower level first")
        for key in ("voice_shares", "music_shares"):
            _check_shares(f"mixing.{key}", getattr(self, key))
        for key in ("shard_pool", "shard_refresh"):
            check(f"mixing.{key}", getattr(self, key), getattr(self, key) >= 1, "at least 1")


def _check_probability(key: str, value: float) -> None:
    check(key, value, 0 <= value <= 1, "a probability, 0 to 1")


def _check_shares(key: str, shares: Shares) -> None:
    fits = not shares or (min(shares.values()) >= 0 and sum(shares.values()) > 0)
    check(key, shares, fits, "shares of 0 or more that are not all 0")
