"""The songs that a model in training is scored on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vocalsep.data.layouts import read_stems
from vocalsep.data.shelf import parts_of
from vocalsep.data.sources import MIXTURE, StemSource, by_song, load
from vocalsep.errors import DataError
from vocalsep.evaluation.signals import Audio
from vocalsep.evaluation.songs import Song, load_songs, strongest_span
from vocalsep.recipe import Recipe
from vocalsep.recipe.mixing import VOICE


def validation_songs(recipe: Recipe) -> list[Song]:
    """Those that the recipe names; where it names none, the `valid` split of `mixing.root`.

    Raises:
        DataError: a stem is missing, or the stems of a song differ in length.
        UnreadableAudio: a stem cannot be decoded.
    """
    validation, rate = recipe.validation, recipe.audio.sample_rate
    if validation.songs or not recipe.mixing.root:
        return load_songs(validation.songs, recipe.stems, rate, validation.seconds)
    root = Path(recipe.mixing.root)
    try:
        found = read_stems(root, recipe.mixing.layout, "valid")
    except DataError:
        if root.exists():
            return []  # a set that is not divided
        raise
    songs = by_song(source for source in found if source.target != MIXTURE)
    return [_load(name, sources, recipe) for name, sources in songs.items()]


def _load(name: str, sources: list[StemSource], recipe: Recipe) -> Song:
    by_target = {source.target: source for source in sources}
    parts = parts_of(recipe.stems, set(by_target))
    missing = [stem for stem, targets in parts.items() if not targets]
    if missing:
        raise DataError(
            f"{name}: it has no {missing[0]} to validate on; name other songs in validation.songs"
        )
    rate = recipe.audio.sample_rate
    decoded = {target: _stereo(source, rate) for target, source in by_target.items()}
    lengths = {target: audio.shape[1] for target, audio in decoded.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{target} {n}" for target, n in lengths.items())
        raise DataError(f"{name}: samples are {listed}; true stems are of equal length")
    stems: dict[str, Audio] = {
        stem: np.sum([decoded[target] for target in sorted(targets)], axis=0, dtype=np.float32)
        for stem, targets in parts.items()
    }
    lead = stems[VOICE if VOICE in stems else recipe.stems[0]]
    kept = strongest_span(lead, rate, recipe.validation.seconds)
    return Song(name, {stem: audio[:, kept] for stem, audio in stems.items()}, rate)


def _stereo(source: StemSource, sample_rate: int) -> Audio:
    samples = load(source, sample_rate).samples
    return np.ascontiguousarray(np.broadcast_to(samples, (2, samples.shape[1])))
