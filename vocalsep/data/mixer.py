"""Draw training examples: clean voices over free accompaniment, new at every step.

Example k of step s is a function of (seed, s, k) alone: not of worker, rank or batch split.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soxr

from vocalsep.data.augment import AUGMENTATIONS, Augmentation, Segment
from vocalsep.data.bank import Bank, Track
from vocalsep.errors import DataError
from vocalsep.recipe import Part, Recipe

VOICE, MUSIC = "vocals", "accompaniment"
CANDIDATES = 4  # positions tried for a segment that is not silent
QUIET = 0.3  # a segment below this share of the loudest candidate may be passed over
VOICE_SPEED = (0.80, 1.26)  # pitch and formants move together, about ±4 semitones
MUSIC_SPEED = (0.92, 1.09)


@dataclass(frozen=True)
class Example:
    """One training example.

    Attributes:
        sources: (2, C, N) float32: voice, accompaniment; the mixture is their sum.
        band_hz: what lies above is unknown, not silent, and must not count in the loss.
    """

    sources: npt.NDArray[np.float32]
    band_hz: float


def example_rng(seed: int, step: int, index: int) -> np.random.Generator:
    """The generator that draws example `index` of step `step`."""
    return np.random.default_rng([seed, step, index])


class Mixer:
    """Draws examples from a bank as the recipe's `mixing` says.

    Raises:
        DataError: the bank has another rate, lacks a group or has no voice or no accompaniment.
    """

    def __init__(self, recipe: Recipe, bank: Bank) -> None:
        self.mixing = recipe.mixing
        self.bank = bank
        self.n_samples = (recipe.mixing.segment_frames - 1) * recipe.audio.hop_length
        if bank.sample_rate != recipe.audio.sample_rate:
            raise DataError(
                f"{bank.folder} is packed at {bank.sample_rate} Hz, the recipe wants "
                f"{recipe.audio.sample_rate} Hz; pack it again with --rate"
            )
        self.voices = _Shelf(bank, VOICE, recipe.mixing.voice_shares)
        self.music = _Shelf(bank, MUSIC, recipe.mixing.music_shares)
        self.pairs = _aligned_pairs(bank)
        rate = recipe.audio.sample_rate
        self.voice_chain = _chain(recipe.mixing.voice_augment, rate)
        self.music_chain = _chain(recipe.mixing.music_augment, rate)

    def draw(self, rng: np.random.Generator) -> Example:
        """One example."""
        mixing = self.mixing
        if self.pairs and rng.random() < mixing.same_song:
            voice, music, band_hz = self._same_song(rng)
        else:
            voice, band_voice = self._voice(rng)
            music, band_music = self._one(rng, self.music, MUSIC_SPEED)
            band_hz = min(band_voice, band_music)
            voice = _augmented(rng, self.voice_chain, voice)
            music = _augmented(rng, self.music_chain, music)
            voice = _at_level(voice, music, rng.uniform(*mixing.voice_db))
        kind = rng.random()
        if kind < mixing.music_only:
            voice = np.zeros_like(voice)
        elif kind < mixing.music_only + mixing.voice_only:
            music = np.zeros_like(music)
        sources = np.stack([voice, music])  # (2, C, N)
        if rng.random() < mixing.mono:
            sources = np.broadcast_to(sources.mean(1, keepdims=True), sources.shape)
        return Example(_normalised(sources), band_hz)

    def _voice(self, rng: np.random.Generator) -> tuple[Segment, float]:
        """One voice, sometimes two."""
        voice, band_hz = self._one(rng, self.voices, VOICE_SPEED)
        if rng.random() < self.mixing.second_voice:
            other, other_hz = self._one(rng, self.voices, VOICE_SPEED)
            voice = voice + _at_level(other, voice, rng.uniform(-12.0, 0.0))
            band_hz = min(band_hz, other_hz)
        return voice, band_hz

    def _one(
        self, rng: np.random.Generator, shelf: _Shelf, speed_range: tuple[float, float]
    ) -> tuple[Segment, float]:
        track = shelf.draw(rng)
        speed = float(np.exp(rng.uniform(*np.log(speed_range))))
        n_read = int(self.n_samples * speed) + 2
        start = self._loud_start(rng, track, n_read)
        return self._at_speed(track, start, speed), track.band_hz * min(speed, 1.0)

    def _same_song(self, rng: np.random.Generator) -> tuple[Segment, Segment, float]:
        """Both stems of one moment, levels changed a little; nothing that would part them."""
        voice_track, music_track = self.pairs[int(rng.integers(len(self.pairs)))]
        speed = float(np.exp(rng.uniform(*np.log(MUSIC_SPEED))))
        start = self._loud_start(rng, voice_track, int(self.n_samples * speed) + 2)
        voice = self._at_speed(voice_track, start, speed)
        music = self._at_speed(music_track, start, speed)
        voice = voice * np.float32(10 ** (rng.uniform(-6.0, 5.0) / 20))
        if rng.random() < 0.5:
            voice, music = voice[::-1], music[::-1]
        return voice, music, min(voice_track.band_hz, music_track.band_hz) * min(speed, 1.0)

    def _loud_start(self, rng: np.random.Generator, track: Track, n_read: int) -> int:
        """A random start whose segment is not much quieter than others of the track."""
        starts = rng.integers(-n_read // 8, max(1, track.n_samples - n_read), CANDIDATES)
        levels = [self._coarse_level(track, int(start), n_read) for start in starts]
        loud = [s for s, level in zip(starts, levels, strict=True) if level >= QUIET * max(levels)]
        return int(loud[0])

    def _coarse_level(self, track: Track, start: int, n_read: int) -> float:
        """RMS of eight short pieces of the segment: cheap, and enough to spot pauses."""
        pieces = [
            self.bank.read(track, start + k * n_read // 8, 512) for k in range(8)
        ]  # 8 × (2, 512)
        return float(np.sqrt(np.mean(np.square(pieces))))

    def _at_speed(self, track: Track, start: int, speed: float) -> Segment:
        """Read and resample, so that pitch, formants and tempo rise with `speed`."""
        audio = self.bank.read(track, start, int(self.n_samples * speed) + 2)
        out = np.zeros((2, self.n_samples), np.float32)
        resampled = soxr.resample(audio.T, speed, 1.0, quality="MQ").T[:, : self.n_samples]
        out[:, : resampled.shape[1]] = resampled
        return out


class _Shelf:
    """The tracks of one stem, drawn by group share, and within a group by length."""

    def __init__(self, bank: Bank, target: str, shares: dict[str, float]) -> None:
        by_group: dict[str, list[Track]] = {}
        for track in bank.tracks:
            if track.target == target:
                by_group.setdefault(track.group, []).append(track)
        if not by_group:
            raise DataError(f"{bank.folder}: no track is of the stem {target!r}; add some")
        unknown = sorted(set(shares) - set(by_group))
        if unknown:
            raise DataError(
                f"{bank.folder} has no {target} in the group {unknown[0]!r}; "
                f"it has: {', '.join(sorted(by_group))}"
            )
        # Without shares every group counts by its length.
        lengths = {g: float(sum(t.n_samples for t in ts)) for g, ts in by_group.items()}
        weights = shares or lengths
        self.groups = [by_group[group] for group in weights]
        self.shares = np.array(list(weights.values())) / sum(weights.values())
        self.within = [
            np.array([t.n_samples for t in tracks]) / sum(t.n_samples for t in tracks)
            for tracks in self.groups
        ]

    def draw(self, rng: np.random.Generator) -> Track:
        group = int(rng.choice(len(self.groups), p=self.shares))
        tracks = self.groups[group]
        return tracks[int(rng.choice(len(tracks), p=self.within[group]))]


def _aligned_pairs(bank: Bank) -> list[tuple[Track, Track]]:
    music = {t.song: t for t in bank.tracks if t.song and t.target == MUSIC}
    voices = [t for t in bank.tracks if t.song in music and t.target == VOICE]
    return [(voice, music[voice.song]) for voice in voices]


def _chain(parts: list[Part], sample_rate: int) -> list[Augmentation]:
    return [AUGMENTATIONS.build(part.name, part.params, sample_rate) for part in parts]


def _augmented(rng: np.random.Generator, chain: list[Augmentation], segment: Segment) -> Segment:
    for augmentation in chain:
        segment = augmentation(rng, segment)
    return segment


def _at_level(segment: Segment, reference: Segment, level_db: float) -> Segment:
    """Scale so that the segment's loud parts lie `level_db` above those of the reference."""
    own, other = _loud_rms(segment), _loud_rms(reference)
    if own == 0.0 or other == 0.0:
        return segment
    scaled: Segment = segment * np.float32(other / own * 10 ** (level_db / 20))
    return scaled


def _loud_rms(segment: Segment) -> float:
    """RMS of the loudest half of 60 pieces: pauses do not make a voice count as quiet."""
    n_piece = max(1, segment.shape[1] // 60)
    n_whole = segment.shape[1] // n_piece * n_piece
    energy = np.square(segment[:, :n_whole]).mean(0).reshape(-1, n_piece).mean(1)
    loud = np.sort(energy)[len(energy) // 2 :]
    return float(np.sqrt(loud.mean()))


def _normalised(sources: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Mixture RMS 0.1: masks are level-free, this only keeps the loss comparable."""
    rms = float(np.sqrt(np.mean(np.square(sources.sum(0)))))
    return np.ascontiguousarray(sources * np.float32(0.1 / max(rms, 1e-6)), np.float32)
