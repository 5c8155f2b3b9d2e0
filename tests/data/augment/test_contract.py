"""One contract for all augmentations."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from vocalsep.data.augment import AUGMENTATIONS, Augmentation, Chain, Sound
from vocalsep.errors import RecipeError
from vocalsep.recipe import Part

RATE = 8000
N = 6001


def always(name: str) -> Augmentation:
    return AUGMENTATIONS.build(name, {"p": 1.0}, RATE)


def noise(n: int = N) -> Sound:
    return Sound(np.random.default_rng(0).standard_normal((2, n)).astype(np.float32), 4000.0)


@pytest.mark.parametrize("name", AUGMENTATIONS.names())
class TestContract:
    def test_keeps_type_and_input_and_enough_samples(self, name: str) -> None:
        sound = noise()
        before = sound.samples.copy()
        augmentation = always(name)
        for seed in range(3):
            out = augmentation(np.random.default_rng(seed), sound)
            assert out.samples.shape[0] == 2
            assert out.samples.shape[1] >= N / augmentation.needs - 2
            assert out.samples.dtype == np.float32
            assert np.isfinite(out.samples).all()
            assert out.band_hz <= sound.band_hz
        assert np.array_equal(sound.samples, before)
        assert not np.array_equal(out.samples, sound.samples)

    def test_same_generator_same_result(self, name: str) -> None:
        a, b = (always(name)(np.random.default_rng(5), noise()) for _ in range(2))
        assert np.array_equal(a.samples, b.samples)
        assert a.band_hz == b.band_hz

    def test_never_with_probability_zero(self, name: str, rng: np.random.Generator) -> None:
        sound = noise(1000)
        assert AUGMENTATIONS.build(name, {"p": 0.0}, RATE)(rng, sound) is sound

    def test_silence_stays_silent(self, name: str, rng: np.random.Generator) -> None:
        silence = dataclasses.replace(noise(), samples=np.zeros((2, N), np.float32))
        assert not always(name)(rng, silence).samples.any()

    def test_a_mirrored_segment_is_taken_too(self, name: str, rng: np.random.Generator) -> None:
        sound = noise()
        mirrored = dataclasses.replace(sound, samples=sound.samples[::-1])
        assert np.isfinite(always(name)(rng, mirrored).samples).all()

    def test_an_impossible_probability_is_refused(self, name: str) -> None:
        with pytest.raises(RecipeError, match="probability"):
            AUGMENTATIONS.build(name, {"p": 1.5}, RATE)


@pytest.mark.parametrize("name", [n for n in AUGMENTATIONS.names() if always(n).joint])
def test_joint_ones_draw_the_same_whatever_they_hear(name: str) -> None:
    """With one seed, silence and sound come out equally long: stems stay aligned."""
    loud, quiet = noise(), Sound(np.zeros((2, N), np.float32), 4000.0)
    generators = [np.random.default_rng(3) for _ in range(2)]
    a, b = (always(name)(g, s) for g, s in zip(generators, (loud, quiet), strict=True))
    assert a.samples.shape == b.samples.shape
    assert generators[0].random() == generators[1].random()


@pytest.mark.parametrize(
    "name", ["gain", "polarity", "silence", "channel_swap", "width", "double", "equaliser",
             "reverb", "bandwidth", "speed"],
)  # fmt: skip
def test_linear_ones_act_on_the_sum(name: str) -> None:
    a, b = noise(), Sound(noise().samples[::-1] ** 2, 4000.0)
    both = Sound(a.samples + b.samples, 4000.0)
    apart, together = (
        [always(name)(np.random.default_rng(3), s).samples for s in sounds]
        for sounds in ((a, b), (both,))
    )
    np.testing.assert_allclose(apart[0] + apart[1], together[0], atol=2e-5)


@pytest.mark.parametrize(
    ("name", "params", "says"),
    [
        ("gain", {"gain_db": [3.0, -3.0]}, "gain_db"),
        ("gain", {"gain_db": [-100.0, 0.0]}, "-60"),
        ("speed", {"factor": [0.0, 1.0]}, "factor"),
        ("codec", {"codecs": ["vorbis"]}, "mp3, aac, opus"),
        ("codec", {"codecs": []}, "mp3, aac, opus"),
        ("compressor", {"ratio": [0.5, 2.0]}, "ratio"),
        ("equalizer", {}, "equaliser"),
        ("harmony", {"level_db": [-70.0, 0.0]}, "level_db"),
    ],
)
def test_impossible_values_are_recipe_errors(name: str, params: dict, says: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(RecipeError, match=says):
        AUGMENTATIONS.build(name, params, RATE)


def test_a_chain_reads_what_it_needs_and_cuts_the_rest(rng: np.random.Generator) -> None:
    parts = [Part("speed", {"factor": [0.5, 1.5]}), Part("time_stretch", {"p": 1.0}), Part("gain")]
    chain = Chain(parts, RATE)
    n_read = chain.n_read(1000)
    assert n_read >= 1.5 * 1.18 * 1000
    for _ in range(10):
        assert chain(rng, noise(n_read), 1000).samples.shape == (2, 1000)
    assert Chain([Part("gain")], RATE).n_read(1000) == 1000


def test_what_depends_on_the_sound_is_no_joint_augmentation() -> None:
    with pytest.raises(RecipeError, match="augment list of a stem"):
        Chain([Part("saturate")], RATE, joint=True)
