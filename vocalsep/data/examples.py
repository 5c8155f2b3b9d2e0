"""Training examples as song folders: to hear what a network hears, or to validate on mixtures."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from vocalsep.data.bank import Bank
from vocalsep.data.mixer import Mixer
from vocalsep.data.song_folders import write_song
from vocalsep.data.steps import example_rng
from vocalsep.errors import DataError
from vocalsep.recipe import Recipe

STEP = 0  # whose examples are written


def lengthened(recipe: Recipe, seconds: float) -> Recipe:
    """The recipe with examples of about so many seconds."""
    hops = round(seconds * recipe.audio.sample_rate / recipe.audio.hop_length)
    mixing = dataclasses.replace(recipe.mixing, segment_frames=hops + 1)
    return dataclasses.replace(recipe, mixing=mixing)


def write_examples(recipe: Recipe, folder: Path, count: int) -> Iterator[Path]:
    """Write the first examples of a recipe as float WAV: the song folders that `evaluate` reads.

    They are those of the first step of a training with so large a batch, so they follow from the
    recipe's seed and bank alone.

    Args:
        folder: gets example-000/, example-001/, …, each with one file a stem.
        count: examples.

    Yields:
        Each song folder when it is complete.

    Raises:
        DataError: the recipe reads shards, or its bank is missing or does not fit.
        OutputError: a file cannot be written, or a song folder is there already.
    """
    if recipe.mixing.shards:
        raise DataError("mixing.shards: examples are drawn from a bank alone; set mixing.bank")
    bank = Bank(Path(recipe.mixing.bank))
    bank.check_files()
    mixer = Mixer(recipe, bank)
    for index in range(count):
        song = folder / f"example-{index:03d}"
        drawn = mixer.draw(example_rng(recipe.seed, STEP, index))
        stems = dict(zip(recipe.stems, drawn.sources, strict=True))
        write_song(song, stems, recipe.audio.sample_rate)
        yield song
