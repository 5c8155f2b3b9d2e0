"""Validation songs: those of the recipe, or the valid split of its data set."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.musdb import RATE, make_musdb18hq, song_stems
from tests.helpers.synth import tiny_recipe
from vocalsep.errors import DataError
from vocalsep.recipe import Recipe, Validation
from vocalsep.training.songs import validation_songs

VALID = "Leaf - Summerghost"


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    make_musdb18hq(tmp_path / "set", {"train": ["A - B", VALID]}, seconds=2.0)
    plain = tiny_recipe(tmp_path / "bank")
    return dataclasses.replace(
        plain,
        audio=dataclasses.replace(plain.audio, sample_rate=RATE),
        mixing=dataclasses.replace(plain.mixing, root=str(tmp_path / "set")),
        validation=Validation(seconds=1.0),
    )


def test_the_set_brings_its_own_validation_songs(recipe: Recipe) -> None:
    (song,) = validation_songs(recipe)
    assert (song.name, song.sample_rate) == (VALID, RATE)
    assert list(song.sources) == ["vocals", "accompaniment"]
    assert song.mixture.shape == (2, RATE)
    true = song_stems(2.0, 1)
    rest = true["drums"] + true["bass"] + true["other"]
    accompaniment = song.sources["accompaniment"]
    assert any(np.allclose(accompaniment, rest[:, k : k + RATE], atol=1e-6) for k in (0, RATE))


def test_four_stems_of_the_same_song(recipe: Recipe) -> None:
    four = dataclasses.replace(
        recipe, targets=["vocals", "drums", "bass", "other"], residual="other"
    )
    assert list(validation_songs(four)[0].sources) == ["vocals", "drums", "bass", "other"]
    with pytest.raises(DataError, match="no piano to validate on"):
        validation_songs(dataclasses.replace(recipe, targets=["piano"]))


def test_named_songs_come_first_and_undivided_sets_have_none(
    recipe: Recipe, tmp_path: Path
) -> None:
    folder = tmp_path / "set" / "train" / "A - B"
    named = dataclasses.replace(
        recipe, validation=Validation(songs={"one": str(folder)}, seconds=1.0)
    )
    assert [song.name for song in validation_songs(named)] == ["one"]
    songs = dataclasses.replace(recipe.mixing, root=str(folder.parent), layout="songs")
    assert validation_songs(dataclasses.replace(recipe, mixing=songs)) == []
    nowhere = dataclasses.replace(recipe.mixing, root=str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="no such folder"):
        validation_songs(dataclasses.replace(recipe, mixing=nowhere))
