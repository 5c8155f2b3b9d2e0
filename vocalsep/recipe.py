"""The recipe: everything that defines a model and its training, as one typed tree.

A recipe is written as commented YAML, read into frozen dataclasses, and travels as JSON inside
the model file. Unknown keys are refused with the closest known one. Values derived from others
(padding, chunk samples, …) are never keys.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from vocalsep.errors import RecipeError

MAX_N_FFT = 2**16  # samples
MAX_CHUNK_SAMPLES = 2**24  # over six minutes at 44.1 kHz
# Names become parts of file names: no separators, no leading dot.
PLAIN_NAME = re.compile(r"\w[\w .+-]{0,99}")


def check(key: str, value: object, fits: bool, expected: str) -> None:
    """Refuse the value of a recipe key.

    Raises:
        RecipeError: `fits` is false.
    """
    if not fits:
        raise RecipeError(f"{key} is {value!r}: expected {expected}")


@dataclass(frozen=True)
class Part:
    """A registered part and the arguments of its constructor."""

    name: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Audio:
    """The front end: what the network hears."""

    sample_rate: int = 44100  # Hz
    n_channels: int = 2
    n_fft: int = 4096  # samples
    hop_length: int = 1024  # samples between frames
    n_bins: int = 1536  # lowest bins given to the network; the rest stays in the residual

    def __post_init__(self) -> None:
        # The bounds also keep a model file from a stranger from asking for absurd memory.
        rate, n_fft, half = self.sample_rate, self.n_fft, self.n_fft // 2
        check("audio.sample_rate", rate, 1000 <= rate <= 768_000, "1000 to 768000 Hz")
        check("audio.n_channels", self.n_channels, self.n_channels == 2, "2")
        check("audio.n_fft", n_fft, 2 <= n_fft <= MAX_N_FFT, f"2 to {MAX_N_FFT}")
        bins_fit = 0 < self.n_bins <= half + 1
        check("audio.n_bins", self.n_bins, bins_fit, f"1 to {half + 1} (n_fft // 2 + 1)")
        check(
            "audio.hop_length",
            self.hop_length,
            0 < self.hop_length <= half,
            f"1 to {half} (half of n_fft), else the inverse STFT is ill-conditioned",
        )


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


@dataclass(frozen=True)
class Training:
    """How the weights are found."""

    batch_size: int = 16  # examples per step
    max_steps: int = 10_000
    learning_rate: float = 1e-3  # peak, after warm-up; decays to a fiftieth by a cosine
    warmup_steps: int = 200
    weight_decay: float = 1e-2
    clip_norm: float = 1.0  # gradients are scaled down to this norm
    ema_decay: float = 0.999  # of the averaged weights that are validated and shipped
    precision: str = "bf16"  # bf16 | fp32
    loss: Part = field(default_factory=lambda: Part("magnitude_l1"))
    log_every: int = 20  # steps
    validate_every: int = 250  # steps; also writes a checkpoint
    workers: int = 1  # loader processes; the examples do not depend on it

    def __post_init__(self) -> None:
        precision = self.precision
        check("training.precision", precision, precision in ("bf16", "fp32"), "bf16 or fp32")
        for key in ("batch_size", "max_steps", "log_every", "validate_every"):
            value = getattr(self, key)
            check(f"training.{key}", value, value >= 1, "at least 1")
        for key in ("warmup_steps", "weight_decay", "workers"):
            value = getattr(self, key)
            check(f"training.{key}", value, value >= 0, "0 or more")
        for key in ("learning_rate", "clip_norm"):
            value = getattr(self, key)
            check(f"training.{key}", value, value > 0, "more than 0")
        decay = self.ema_decay
        check("training.ema_decay", decay, 0 <= decay < 1, "0 to just below 1")


@dataclass(frozen=True)
class Validation:
    """Whole songs with true stems, as files; scored as the user would hear them."""

    songs: dict[str, str] = field(default_factory=dict)  # name -> folder of stem files
    seconds: float = 30.0  # of each song, where its voice is strongest; 0: all of it

    def __post_init__(self) -> None:
        check("validation.seconds", self.seconds, self.seconds >= 0, "0 or more")


@dataclass(frozen=True)
class Recipe:
    """A model and its training."""

    name: str
    targets: list[str] = field(default_factory=lambda: ["vocals"])
    licence: str = "not stated"  # of the weights
    training_data: str = "not stated"  # one line: what was heard, with licences
    audio: Audio = field(default_factory=Audio)
    chunk_frames: int = 512  # STFT frames per network call when separating
    backbone: Part = field(default_factory=lambda: Part("unet"))
    mixing: Mixing = field(default_factory=Mixing)
    training: Training = field(default_factory=Training)
    validation: Validation = field(default_factory=Validation)
    seed: int = 0

    def __post_init__(self) -> None:
        names = self.targets
        distinct = bool(names) and len(set(names)) == len(names)
        check("targets", names, distinct, "distinct stem names")
        for key, name in [("name", self.name), *(("targets", target) for target in names)]:
            plain = PLAIN_NAME.fullmatch(name) is not None
            check(key, name, plain, "a plain name: letters, digits, inner '.', '-', '+', spaces")
        chunk = (self.chunk_frames - 1) * self.audio.hop_length
        most = MAX_CHUNK_SAMPLES // self.audio.hop_length + 1
        check("chunk_frames", self.chunk_frames, 0 < chunk <= MAX_CHUNK_SAMPLES, f"2 to {most}")
        check("seed", self.seed, self.seed >= 0, "0 or more")


def load_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a YAML recipe and apply `key.sub=value` overrides.

    Raises:
        RecipeError: unreadable file, unknown key (with the closest known one), wrong type, or
            an impossible value.
    """
    from omegaconf import OmegaConf
    from yaml import YAMLError

    try:
        loaded = OmegaConf.load(path)
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"cannot read the recipe {path}: {error}") from error
    except YAMLError as error:
        line = " ".join(str(error).split())
        raise RecipeError(f"{path} is not YAML: {line}") from error
    return _typed(loaded, overrides, str(path))


def recipe_from_json(text: str) -> Recipe:
    """The recipe of a model file.

    Raises:
        RecipeError: not JSON, or not a recipe of this version.
    """
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"the model's recipe is not JSON: {error}") from error
    # Recipes are resolved before they are stored: what would be looked up here (environment
    # variables among it) is a stranger's wish.
    if "${" in json.dumps(tree):
        raise RecipeError("the model's recipe refers to other values (${…}): expected plain ones")
    return _typed(tree, (), "the model's recipe")


def recipe_to_json(recipe: Recipe) -> str:
    """The whole tree, keys in a fixed order; `recipe_from_json` inverts it."""
    return json.dumps(asdict(recipe), sort_keys=True)


def _typed(tree: Any, overrides: Sequence[str], source: str) -> Recipe:
    """Merge an untyped tree into the schema; the only place that knows OmegaConf."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        merged = OmegaConf.merge(
            OmegaConf.structured(Recipe), tree, OmegaConf.from_dotlist(list(overrides))
        )
        recipe = OmegaConf.to_object(merged)
    except OmegaConfBaseException as error:
        first_line = str(error).splitlines()[0]
        where = f" at {error.full_key}" if getattr(error, "full_key", None) else ""
        raise RecipeError(f"{source}{where}: {first_line}") from error
    except (TypeError, ValueError) as error:
        raise RecipeError(f"{source}: {error}") from error
    if not isinstance(recipe, Recipe):
        raise RecipeError(f"{source}: expected a mapping of recipe keys")
    return recipe
