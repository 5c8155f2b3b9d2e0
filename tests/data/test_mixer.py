"""Examples: a function of (seed, step, index) alone, at the levels the recipe asks for."""

from __future__ import annotations

import dataclasses
import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.synth import RATE, make_bank, music, tiny_recipe, voice
from vocalsep.data.augment import Sound
from vocalsep.data.bank import FULL_SCALE, Bank, Track, write_index
from vocalsep.data.loader import batches
from vocalsep.data.mixer import Example, Mixer
from vocalsep.data.steps import example_rng
from vocalsep.errors import DataError
from vocalsep.recipe import Mixing, Part, Recipe
from vocalsep.recipe.mixing import StemMixing

FOUR = ["vocals", "drums", "bass", "other"]


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


def test_loaders_outlive_a_signal_to_their_group(recipe: Recipe) -> None:
    training = dataclasses.replace(recipe.training, workers=1, max_steps=12)
    loader = batches(dataclasses.replace(recipe, training=training), 0)
    next(loader)
    for process in multiprocessing.active_children():
        process.terminate()
    assert len(list(loader)) == 11


def test_batches_do_not_depend_on_the_number_of_workers(recipe: Recipe) -> None:
    chain = [Part(name, {"p": 1.0}) for name in ("speed", "equaliser", "reverb", "formant")]
    recipe = with_mixing(recipe, segment_frames=400, voice_augment=chain, same_song=0.0)

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


def four_stem_bank(folder: Path) -> None:
    """Vocals, drums, bass and other of two songs, and a loose voice; all of them different."""
    n, tracks = 4 * RATE, []
    for seed, song in enumerate(("one", "two", "")):
        for number, target in enumerate(FOUR if song else FOUR[:1]):
            key, make = f"{target}{song}", voice if target == "vocals" else music
            audio = make(n, 10 * seed + number)
            np.round(audio.T * FULL_SCALE).astype("<i2").tofile(folder / f"{key}.i16")
            group = "songs" if song else "loose"
            tracks.append(Track(key, target, group, song, key, "CC0-1.0", 4000.0, 2, n))
    write_index(folder, RATE, tracks)


def four_stem_recipe(tmp_path: Path, **changes: object) -> Recipe:
    """On `four_stem_bank`, with as little chance as can be."""
    if not (tmp_path / "index.json").exists():
        four_stem_bank(tmp_path)
    recipe = dataclasses.replace(tiny_recipe(tmp_path), targets=FOUR, residual="other")
    quiet = {"music_only": 0.0, "voice_only": 0.0, "mono": 0.0, "second_voice": 0.0}
    return with_mixing(recipe, **{**quiet, **changes})


def draw(recipe: Recipe, index: int = 0) -> Example:
    bank = Bank(Path(recipe.mixing.bank))
    return Mixer(recipe, bank).draw(example_rng(0, 0, index))


def test_stems_of_one_moment_come_in_the_order_of_the_recipe(tmp_path: Path) -> None:
    recipe = four_stem_recipe(tmp_path, same_song=1.0, same_song_db=(0.0, 0.0))
    bank = Bank(tmp_path)
    n = 31 * 64
    for index in range(4):
        sources = draw(recipe, index).sources
        assert sources.shape == (4, 2, n)
        # Find the place by the drums, which are noise; everything else must be there, too.
        places = []
        for song in ("one", "two"):
            stems = {t.target: bank.read(t, -n, 6 * RATE) for t in bank.tracks if t.song == song}
            lags = np.correlate(stems["drums"][0], sources[1][0], mode="valid")
            places.append((float(lags.max()), int(lags.argmax()), stems))
        _, start, stems = max(places, key=lambda place: place[0])
        true = np.stack([stems[stem][:, start : start + n] for stem in FOUR])
        factor = float(np.sum(true * sources) / np.sum(true**2))
        np.testing.assert_allclose(sources, factor * true, atol=1e-5)


def test_stems_across_songs_come_from_places_of_their_own(tmp_path: Path) -> None:
    pairings = set()
    recipe = four_stem_recipe(tmp_path, same_song=0.0, voice_db=(0.0, 0.0))
    opened = Bank(tmp_path)
    for index in range(12):
        sources = draw(recipe, index).sources
        best = {}
        for stem, source in (("drums", sources[1]), ("bass", sources[2])):
            tracks = [t for t in opened.tracks if t.target == stem]
            peaks = [
                np.correlate(opened.read(t, -2000, 36000)[0], source[0], "valid").max()
                for t in tracks
            ]
            best[stem] = tracks[int(np.argmax(peaks))].song
        pairings.add((best["drums"], best["bass"]))
    assert len(pairings) >= 3  # all pairings of two songs occur


def test_a_stem_can_be_silenced_alone(tmp_path: Path) -> None:
    silent = {"bass": StemMixing(silent=1.0), "drums": StemMixing(silent=0.5)}
    recipe = four_stem_recipe(tmp_path, stems=silent)
    quiet = np.array([[not s.any() for s in draw(recipe, k).sources] for k in range(30)])
    assert quiet[:, FOUR.index("bass")].all()
    assert 5 < quiet[:, FOUR.index("drums")].sum() < 25
    assert not quiet[:, FOUR.index("vocals")].any()
    everything = {stem: StemMixing(silent=1.0) for stem in FOUR}
    assert draw(four_stem_recipe(tmp_path, stems=everything)).sources.any()


def test_voice_only_and_music_only_of_four(tmp_path: Path) -> None:
    alone = draw(four_stem_recipe(tmp_path, voice_only=1.0)).sources
    assert [bool(source.any()) for source in alone] == [True, False, False, False]
    without = draw(four_stem_recipe(tmp_path, music_only=1.0)).sources
    assert [bool(source.any()) for source in without] == [False, True, True, True]


def test_a_stem_of_its_own_range_is_set_against_the_others(tmp_path: Path) -> None:
    def level_db(low_high: list[float]) -> float:
        stems = {"bass": StemMixing(level_db=low_high), "vocals": StemMixing()}
        sources = draw(four_stem_recipe(tmp_path, same_song=0.0, stems=stems)).sources
        bass = FOUR.index("bass")
        others = sources.sum(0) - sources[bass]
        return float(10 * np.log10(np.sum(sources[bass] ** 2) / np.sum(others**2)))

    assert level_db([5.0, 5.0]) - level_db([-5.0, -5.0]) == pytest.approx(10, abs=0.01)


def test_joint_augmentations_treat_all_stems_alike(tmp_path: Path) -> None:
    plain = {"same_song": 0.0, "voice_db": (0.0, 0.0)}
    swap = [Part("channel_swap", {"p": 0.5}), Part("polarity", {"p": 0.5})]
    seen = set()
    for index in range(12):
        before = draw(four_stem_recipe(tmp_path, **plain), index).sources
        after = draw(four_stem_recipe(tmp_path, mix_augment=swap, **plain), index).sources
        ways = [
            (side, sign)
            for side in (1, -1)
            for sign in (1, -1)
            if np.allclose(before[:, ::side] * sign, after, rtol=0, atol=1e-6)
        ]
        seen |= set(ways)
        assert ways
    assert len(seen) >= 3


def test_the_second_take_is_only_of_its_stem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    one = Mixer._one

    def noted(self: Mixer, rng: np.random.Generator, stem: str) -> Sound:
        drawn.append(stem)
        return one(self, rng, stem)

    monkeypatch.setattr(Mixer, "_one", noted)
    doubled = {"drums": StemMixing(second=1.0)}
    draw(four_stem_recipe(tmp_path, same_song=0.0, stems=doubled))
    assert drawn == ["vocals", "drums", "drums", "bass", "other"]


def test_one_channel_recipes_get_the_mean_of_both(tmp_path: Path) -> None:
    recipe = four_stem_recipe(tmp_path, same_song=1.0)
    stereo = draw(recipe).sources
    audio = dataclasses.replace(recipe.audio, n_channels=1)
    mono = draw(dataclasses.replace(recipe, audio=audio)).sources
    assert mono.shape == (4, 1, 31 * 64)
    mean = stereo.mean(1, keepdims=True)
    level = np.sqrt(np.mean(mean.sum(0) ** 2)) / 0.1
    np.testing.assert_allclose(mono, mean / level, atol=1e-5)


def test_margins_lengthen_the_example(recipe: Recipe) -> None:
    plain = next(batches(recipe, 0)).sources
    wide = next(batches(recipe, 0, margin_samples=100)).sources
    assert wide.shape[-1] == plain.shape[-1] + 200


def test_ranks_share_the_examples_of_one_process(recipe: Recipe) -> None:
    larger = dataclasses.replace(
        recipe, training=dataclasses.replace(recipe.training, batch_size=5, max_steps=2)
    )
    whole = [batch.sources for batch in batches(larger, 0)]
    for rank in range(2):
        part = [batch.sources for batch in batches(larger, 0, rank, 2)]
        for a, b in zip(whole, part, strict=True):
            assert np.array_equal(a[rank::2], b)
    with pytest.raises(DataError, match="for each of 6 processes"):
        next(batches(larger, 0, 0, 6))


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
