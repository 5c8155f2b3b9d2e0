"""Examples as song folders: what training draws, and what evaluation reads."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.synth import make_bank, tiny_recipe
from vocalsep.data.examples import lengthened, write_examples
from vocalsep.data.loader import batches
from vocalsep.errors import DataError, OutputError
from vocalsep.evaluation.songs import find_songs, load_song
from vocalsep.recipe import Recipe


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    make_bank(tmp_path)
    return tiny_recipe(tmp_path)


def test_they_are_the_first_batch_of_training_sample_for_sample(
    recipe: Recipe, tmp_path: Path
) -> None:
    list(write_examples(recipe, tmp_path / "out", recipe.training.batch_size))
    sources = next(batches(recipe, 0)).sources.numpy()
    rate = recipe.audio.sample_rate
    songs = find_songs([tmp_path / "out"], recipe.stems)
    assert len(songs) == len(sources)
    for (name, folder), expected in zip(songs.items(), sources, strict=True):
        song = load_song(name, folder, recipe.stems, rate)
        for stem, samples in zip(recipe.stems, expected, strict=True):
            assert np.array_equal(song.sources[stem], samples)


def test_length(recipe: Recipe) -> None:
    longer = lengthened(recipe, 2.5)
    n_samples = (longer.mixing.segment_frames - 1) * recipe.audio.hop_length
    assert n_samples / recipe.audio.sample_rate == pytest.approx(2.5, abs=0.01)


def test_songs_are_never_overwritten(recipe: Recipe, tmp_path: Path) -> None:
    list(write_examples(recipe, tmp_path / "out", 1))
    with pytest.raises(OutputError, match="example-000 is there already"):
        list(write_examples(recipe, tmp_path / "out", 1))


def test_shards_are_refused(recipe: Recipe, tmp_path: Path) -> None:
    mixing = dataclasses.replace(recipe.mixing, shards=["set-{000..001}.tar"])
    with pytest.raises(DataError, match="from a bank alone"):
        list(write_examples(dataclasses.replace(recipe, mixing=mixing), tmp_path, 1))
