"""Draw training examples: clean stems summed to mixtures, new at every step.

Example k of step s is a function of (seed, s, k) alone: not of worker, rank or batch split.

    a song's stems, one moment ┐                                 levels,
    or each stem by itself ────┴ own augmentations ─ joint ones ─ silences ─ mono ─ RMS 0.1
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalsep.data.augment import Chain, Segment, Sound
from vocalsep.data.augment.base import decibels
from vocalsep.data.bank import TrackReader
from vocalsep.data.shelf import Shelf, Take, takes_of
from vocalsep.errors import DataError
from vocalsep.recipe import Recipe
from vocalsep.recipe.mixing import VOICE

CANDIDATES = 4  # positions tried for a segment that is not silent
QUIET = 0.3  # a segment below this share of the loudest candidate may be passed over
MIXTURE_RMS = 0.1
SECOND_DB = (-12.0, 0.0)  # of a second take against the first


@dataclass(frozen=True)
class Example:
    """One training example.

    Attributes:
        sources: (S, C, N) float32 in the order of the recipe's stems; the mixture is their sum.
        band_hz: (S,) what lies above in a source is unknown, not silent, and must not count.
    """

    sources: npt.NDArray[np.float32]
    band_hz: npt.NDArray[np.float32]


class Mixer:
    """Draws examples as the recipe's `mixing` says.

    Args:
        recipe: what to draw.
        reader: tracks to draw from.
        margin_samples: context at each end that a separator wants beyond the segment.

    Raises:
        DataError: the tracks have another rate, lack a group, or one of the stems.
        RecipeError: an augmentation is unknown or refuses its parameters.
    """

    def __init__(self, recipe: Recipe, reader: TrackReader, margin_samples: int = 0) -> None:
        self.mixing = recipe.mixing
        self.reader = reader
        self.stems = recipe.stems
        self.n_channels = recipe.audio.n_channels
        inner = (recipe.mixing.segment_frames - 1) * recipe.audio.hop_length
        self.n_samples = inner + 2 * margin_samples
        rate = recipe.audio.sample_rate
        if reader.sample_rate != rate:
            raise DataError(
                f"{reader.name} is packed at {reader.sample_rate} Hz, the recipe wants "
                f"{rate} Hz; pack it again with --rate"
            )
        songs = takes_of(reader.tracks, self.stems)
        self.songs = [song for song in songs if len(song) > 1]
        self.how = {stem: recipe.mixing.of(stem) for stem in self.stems}
        self.chains = {stem: Chain(how.augment, rate) for stem, how in self.how.items()}
        self.joint = Chain(recipe.mixing.mix_augment, rate, joint=True)
        self.nyquist_hz = rate / 2
        self.shelves = {
            stem: self._shelf(stem, [song[stem] for song in songs if stem in song])
            for stem in self.stems
        }

    def _shelf(self, stem: str, takes: list[Take]) -> Shelf:
        shares = self.how[stem].shares
        if not self.reader.whole:
            groups = {take.group for take in takes}
            shares = {group: share for group, share in shares.items() if group in groups}
        return Shelf(self.reader.name, stem, takes, shares)

    def draw(self, rng: np.random.Generator) -> Example:
        """One example."""
        if self.songs and rng.random() < self.mixing.same_song:
            sounds = self._same_song(rng)
        else:
            sounds = self._across_songs(rng)
        for stem in self._silent_stems(rng):
            sounds[stem] = self._silence()
        sources = np.stack([sounds[stem].samples for stem in self.stems])  # (S, 2, N)
        if self.n_channels == 1:
            sources = sources.mean(1, keepdims=True)
        elif rng.random() < self.mixing.mono:
            sources = np.broadcast_to(sources.mean(1, keepdims=True), sources.shape)
        bands = np.array([sounds[stem].band_hz for stem in self.stems], np.float32)
        return Example(_normalised(sources), bands)

    def _across_songs(self, rng: np.random.Generator) -> dict[str, Sound]:
        """Every stem from a place of its own."""
        joint_seed = int(rng.integers(2**63))
        sounds = {}
        for stem in self.stems:
            sound = self._one(rng, stem)
            if rng.random() < self.how[stem].second:
                other = self._one(rng, stem)
                added = _at_level(other.samples, sound.samples, rng.uniform(*SECOND_DB))
                sound = Sound(sound.samples + added, min(sound.band_hz, other.band_hz))
            sounds[stem] = self._jointly(joint_seed, sound)
        return self._levelled(rng, sounds)

    def _same_song(self, rng: np.random.Generator) -> dict[str, Sound]:
        """All stems of one moment, levels changed a little; nothing that would part them."""
        song = self.songs[int(rng.integers(len(self.songs)))]
        joint_seed = int(rng.integers(2**63))
        n_read = self.joint.n_read(self.n_samples)
        first = next(stem for stem in self.stems if stem in song)
        start = self._loud_start(rng, song[first], n_read)
        sounds = {}
        for stem in self.stems:
            gain = decibels(rng.uniform(*self.mixing.same_song_db))
            if stem in song:
                sound = Sound(self._read(song[stem], start, n_read) * gain, song[stem].band_hz)
                sounds[stem] = self._jointly(joint_seed, sound)
            else:
                sounds[stem] = self._silence()
        return sounds

    def _one(self, rng: np.random.Generator, stem: str) -> Sound:
        """One take of a stem through its own chain, as long as the joint chain wants it."""
        chain, n_samples = self.chains[stem], self.joint.n_read(self.n_samples)
        take = self.shelves[stem].draw(rng)
        n_read = chain.n_read(n_samples)
        start = self._loud_start(rng, take, n_read)
        return chain(rng, Sound(self._read(take, start, n_read), take.band_hz), n_samples)

    def _jointly(self, seed: int, sound: Sound) -> Sound:
        return self.joint(np.random.default_rng(seed), sound, self.n_samples)

    def _levelled(self, rng: np.random.Generator, sounds: dict[str, Sound]) -> dict[str, Sound]:
        """Stems with a range of levels are set against the sum of the others."""
        free = [stem for stem in self.stems if not self.how[stem].level_db]
        reference = sum((sounds[stem].samples for stem in free or self.stems[-1:]), np.float32(0))
        out = dict(sounds)
        for stem in self.stems:
            level_db = self.how[stem].level_db
            if level_db:
                samples = _at_level(
                    sounds[stem].samples, reference, rng.uniform(level_db[0], level_db[1])
                )
                out[stem] = Sound(samples, sounds[stem].band_hz)
        return out

    def _silent_stems(self, rng: np.random.Generator) -> list[str]:
        """Stems to leave out; never all of them."""
        kind = rng.random() if VOICE in self.stems else 1.0
        if kind < self.mixing.music_only:
            return [VOICE]
        if kind < self.mixing.music_only + self.mixing.voice_only:
            return [stem for stem in self.stems if stem != VOICE]
        silent = [stem for stem in self.stems if rng.random() < self.how[stem].silent]
        return silent if len(silent) < len(self.stems) else []

    def _silence(self) -> Sound:
        return Sound(np.zeros((2, self.n_samples), np.float32), self.nyquist_hz)

    def _read(self, take: Take, start: int, n_samples: int) -> Segment:
        segment: Segment = self.reader.read(take.tracks[0], start, n_samples)
        for track in take.tracks[1:]:
            segment += self.reader.read(track, start, n_samples)
        return segment

    def _loud_start(self, rng: np.random.Generator, take: Take, n_read: int) -> int:
        """A random start whose segment is not much quieter than others of the take."""
        starts = rng.integers(-n_read // 8, max(1, take.n_samples - n_read), CANDIDATES).tolist()
        levels = [max(self.reader.level(t, s, n_read) for t in take.tracks) for s in starts]
        loud = [s for s, level in zip(starts, levels, strict=True) if level >= QUIET * max(levels)]
        return int(loud[0])


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
    pieces = segment[:, : segment.shape[1] // n_piece * n_piece].reshape(2, -1, n_piece)
    energy = np.einsum("cpn,cpn->p", pieces, pieces) / (2 * n_piece)
    loud = np.sort(energy)[len(energy) // 2 :]
    return float(np.sqrt(loud.mean()))


def _normalised(sources: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """A mixture of a fixed RMS: masks are level-free, this only keeps the loss comparable."""
    mixture = sources.sum(0).ravel()
    rms = float(np.sqrt(np.dot(mixture, mixture) / mixture.size))
    return np.ascontiguousarray(sources * np.float32(MIXTURE_RMS / max(rms, 1e-6)), np.float32)
