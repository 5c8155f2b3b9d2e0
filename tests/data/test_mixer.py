"""Examples: a function of (seed, step, index) alone, at the levels the recipe asks for."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.synth import make_bank, tiny_recipe
from vocalsep.data.loader import batches
from vocalsep.data.mixer import Mixer, example_rng
from vocalsep.errors import DataError
from vocalsep.recipe import Mixing, Part, Recipe


def with_mixing(recipe: Recipe, **changes: object) -> Recipe:
    mixing = dataclasses.replace(recipe.mixing, **changes)  # type: ignore[arg-type]
    return dataclasses.replace(recipe, mixing=mixing)


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    make_bank(tmp_path)
    return tiny_recipe(tmp_path)


def mixer(recipe: Recipe) -> Mixer:
    return Mixer(recipe, make_bank(Path(recipe.mixing.bank)))


def test_the_key_decides_the_example(recipe: Recipe) -> None:
    one, other = mixer(recipe), mixer(recipe)
    other.draw(example_rng(0, 0, 0))  # history must not matter
    a, b = one.draw(example_rng(7, 3, 1)), other.draw(example_rng(7, 3, 1))
    assert np.array_equal(a.sources, b.sources)
    for key in [(8, 3, 1), (7, 4, 1), (7, 3, 2)]:
        assert not np.array_equal(a.sources, one.draw(example_rng(*key)).sources)


def test_batches_do_not_depend_on_the_number_of_workers(recipe: Recipe) -> None:
    def some(workers: int, first_step: int) -> list[np.ndarray]:
        training = dataclasses.replace(recipe.training, workers=workers, max_steps=5)
        loader = batches(dataclasses.replace(recipe, training=training), first_step)
        return [batch.sources.numpy() for batch in loader]

    alone, helped, resumed = some(0, 0), some(2, 0), some(0, 3)
    assert len(alone) == len(helped) == 5
    assert all(np.array_equal(a, b) for a, b in zip(alone, helped, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(alone[3:], resumed, strict=True))


def test_shape_level_and_band(recipe: Recipe) -> None:
    drawn = [mixer(recipe).draw(example_rng(0, 0, k)) for k in range(20)]
    assert {e.sources.shape for e in drawn} == {(2, 2, 31 * 64)}
    for example in drawn:
        assert np.sqrt(np.mean(example.sources.sum(0) ** 2)) == pytest.approx(0.1, rel=1e-3)
        assert example.band_hz.shape == (2,)
        assert (example.band_hz > 0).all()
        assert (example.band_hz <= 4000).all()
    assert min(e.band_hz[0] for e in drawn) <= 2000  # the band-limited voice says so
    assert min(e.band_hz[1] for e in drawn) == 4000


@pytest.mark.parametrize(("key", "silent"), [("music_only", 0), ("voice_only", 1)])
def test_either_side_may_be_silent(recipe: Recipe, key: str, silent: int) -> None:
    always = with_mixing(recipe, **{"music_only": 0.0, "voice_only": 0.0, key: 1.0})
    sources = mixer(always).draw(example_rng(0, 0, 0)).sources
    assert not sources[silent].any()
    assert sources[1 - silent].any()


def test_mono_collapses_the_whole_mixture(recipe: Recipe) -> None:
    sources = mixer(with_mixing(recipe, mono=1.0)).draw(example_rng(0, 0, 0)).sources
    assert np.array_equal(sources[:, 0], sources[:, 1])


def test_voice_level_follows_the_recipe(recipe: Recipe) -> None:
    def level_db(voice_db: tuple[float, float]) -> float:
        asked = with_mixing(
            recipe, voice_db=voice_db, same_song=0.0, music_only=0.0, voice_only=0.0, mono=0.0
        )
        voice, music = mixer(asked).draw(example_rng(0, 0, 0)).sources
        return float(10 * np.log10(np.mean(voice**2) / np.mean(music**2)))

    assert level_db((6.0, 6.0)) - level_db((-6.0, -6.0)) == pytest.approx(12.0, abs=0.01)


def test_augmentations_run_in_the_chain(recipe: Recipe) -> None:
    chain = [Part("polarity", {"p": 1.0})]
    plain = with_mixing(recipe, same_song=0.0, mono=0.0, music_only=0.0, voice_only=0.0)
    flipped = with_mixing(plain, music_augment=chain)
    a = mixer(plain).draw(example_rng(0, 0, 0)).sources[1]
    b = mixer(flipped).draw(example_rng(0, 0, 0)).sources[1]
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] < -0.99


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"voice_shares": {"nobody": 1.0}}, "nobody"),
        ({"bank": "nowhere"}, "not a bank"),
    ],
)
def test_data_mistakes_are_named(recipe: Recipe, changes: dict[str, object], says: str) -> None:
    with pytest.raises(DataError, match=says):
        next(batches(with_mixing(recipe, **changes), 0))


def test_a_bank_of_another_rate_is_refused(recipe: Recipe) -> None:
    audio = dataclasses.replace(recipe.audio, sample_rate=44100)
    with pytest.raises(DataError, match="8000 Hz"):
        next(batches(dataclasses.replace(recipe, audio=audio), 0))


def test_default_mixing_is_a_probability() -> None:
    mixing = Mixing()
    assert mixing.music_only + mixing.voice_only < 1
