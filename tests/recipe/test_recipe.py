"""Recipes: typed, strict, and the same after a round trip."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vocalsep.errors import RecipeError
from vocalsep.recipe import (
    PLAIN_NAME,
    Audio,
    Mixing,
    Part,
    Pictures,
    Pixels,
    Recipe,
    SegmentationRecipe,
    Training,
    Validation,
    as_separation,
    load_recipe,
    recipe_from_json,
    recipe_to_json,
    with_changes,
)

RECIPES = sorted((Path(__file__).parents[2] / "recipes").glob("*.yaml"))

SCHEMA_KEYS = {
    field.name
    for schema in (
        *(Recipe, Audio, Mixing, Validation),
        *(SegmentationRecipe, Pixels, Pictures),
        *(Training, Part),
    )
    for field in dataclasses.fields(schema)
}
STRUCTURE_KEYS = {"audio", "backbone", "params", "mixing", "training", "validation"} | {
    *("pixels", "pictures", "loss", "classes"),
}


# What a recipe and its stems may be called; other letters are tested by name below.
NAMES = st.from_regex(PLAIN_NAME, fullmatch=True)


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "r.yaml"
    path.write_text(text, encoding="utf-8")
    return path


PICTURES = "name: x\ntask: segmentation\nclasses: [a, b]\n"


@settings(deadline=None)
@given(
    name=NAMES,
    targets=st.lists(NAMES, min_size=1, max_size=4, unique=True),
    n_bins=st.integers(1, 2049),
    rate=st.floats(1e-8, 1.0),
    params=st.dictionaries(
        st.text(st.characters(exclude_characters="$"), max_size=5),
        st.integers() | st.lists(st.integers()),
        max_size=3,
    ),
)
def test_json_round_trip(name, targets, n_bins, rate, params) -> None:  # type: ignore[no-untyped-def]
    recipe = Recipe(
        name,
        targets,
        audio=Audio(n_bins=n_bins),
        backbone=Part("unet", params),
        training=Training(learning_rate=rate),
    )
    assert recipe_from_json(recipe_to_json(recipe)) == recipe


@pytest.mark.parametrize("path", RECIPES, ids=lambda p: p.name)
def test_shipped_recipes_load_and_every_key_has_a_comment(path: Path) -> None:
    assert load_recipe(path).name == path.stem
    for line in path.read_text(encoding="utf-8").splitlines():
        key, colon, rest = line.strip().partition(":")
        if colon and key in SCHEMA_KEYS and not line.strip().endswith(","):
            assert "#" in rest or key in STRUCTURE_KEYS, f"say what this key means: {line}"


def test_overrides_are_typed(tmp_path: Path) -> None:
    path = write(tmp_path, "name: x\n")
    recipe = load_recipe(path, ["training.learning_rate=1e-4", "backbone.params.kernel=3"])
    assert recipe.training.learning_rate == 1e-4
    assert recipe.backbone.params == {"kernel": 3}


def test_overrides_empty_texts_mappings_and_lists(tmp_path: Path) -> None:
    text = "name: x\nvalidation: {songs: {a: b}}\nmixing: {bank: here, mix_augment: [{name: y}]}\n"
    path = write(tmp_path, text)
    recipe = load_recipe(path, ["validation.songs={}", "mixing.bank=", "mixing.mix_augment=[]"])
    assert recipe.validation.songs == {}
    assert recipe.mixing.bank == ""
    assert recipe.mixing.mix_augment == []
    with pytest.raises(RecipeError, match="Did you mean: 'bank'"):
        load_recipe(path, ["mixing.bnak="])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: x\naudio: {nfft: 2048}\n", "audio.nfft: .*Did you mean: 'n_fft'"),
        ("nmae: x\n", "Did you mean: 'name'"),
        ("name: x\ntraining: {batch_size: many}\n", "training.batch_size"),
        ("name: x\ntraining: {batch_size: 0}\n", "batch_size is 0"),
        ("name: x\ntraining: {precision: fp8}\n", "expected auto, bf16, fp16 or fp32"),
        ("name: x\naudio: {n_bins: 5000}\n", "expected 1 to 2049"),
        ("name: x\naudio: {hop_length: 3500}\n", "3/4 of n_fft"),
        ("name: x\ntargets: [a, a]\n", "distinct"),
        ("name: x\ntargets: [a]\nresidual: a\n", "beside the only target, 'a'"),
        ("name: ../x\n", "name is '../x': expected a plain name"),
        ("name: x\ntargets: [.hidden]\n", "expected a plain name"),
        ("name: x\nseed: -1\n", "seed is -1"),
        ("name: x\nchunk_frames: 1\n", "chunk_frames is 1: expected 2 to"),
        ("name: x\nchunk_frames: 1000000000\n", "chunk_frames is 1000000000"),
        ("name: x\naudio: {sample_rate: 0}\n", "sample_rate is 0"),
        ("name: x\naudio: {n_channels: 3}\n", "n_channels is 3: expected 1 or 2"),
        ("name: x\naudio: {n_fft: 68719476736}\n", "n_fft is 68719476736"),
        ("name: x\nmixing: {mono: 1.5}\n", "mono is 1.5: expected a probability"),
        ("name: x\nmixing: {segment_frames: 1}\n", "segment_frames is 1"),
        ("name: x\nmixing: {voice_db: [4, -4]}\n", "the lower level first"),
        ("name: x\nmixing: {music_shares: {a: -1}}\n", "shares of 0 or more"),
        ("name: x\ntraining: {learning_rate: -1}\n", "learning_rate is -1.0"),
        ("name: x\ntraining: {learning_rate: .nan}\n", "learning_rate is nan"),
        ("name: x\ntraining: {ema_decay: 1}\n", "ema_decay is 1.0"),
        ("name: x\ntraining: {workers: -1}\n", "workers is -1"),
        ("name: x\nvalidation: {seconds: -1}\n", "seconds is -1.0"),
        ("audio: {}\n", "name"),
        (
            "name: x\ntask: segmentaton\n",
            "task cannot be 'segmentaton': did you mean 'segmentation'",
        ),
        ("name: x\ntask: [1]\n", "task cannot be"),
        (PICTURES + "audio: {}\n", "audio"),
        ("name: x\ntask: segmentation\nclasses: [a]\n", r"classes is \['a'\]: expected 2 to 255"),
        (PICTURES + "palette: [[0, 0, 256], [0, 0, 0]]\n", "of 0 to 255"),
        (PICTURES + "palette: [[0, 0, 0]]\n", "expected 2 colours"),
        (PICTURES + "pixels: {ndim: 1}\n", "pixels.ndim is 1"),
        (PICTURES + "pixels: {in_channels: 0}\n", "pixels.in_channels is 0"),
        (PICTURES + "pixels: {mean: [0.5]}\n", "expected 3 numbers"),
        (PICTURES + "pixels: {std: [1, 0, 1]}\n", "numbers above 0"),
        (PICTURES + "pixels: {tile: [8]}\n", "pixels.tile is .8.: expected 2 numbers"),
        (PICTURES + "pictures: {crop: [8, 8, 8]}\n", "pictures.crop"),
        (PICTURES + "training: {adversary: {}}\n", "only sources have critics"),
        ("- 1\n", "r.yaml"),
        ("name: [\n", "not YAML"),
    ],
)
def test_mistakes_end_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(RecipeError, match=says) as caught:
        load_recipe(write(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_a_missing_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"nowhere\.yaml"):
        load_recipe(tmp_path / "nowhere.yaml")


def test_the_task_chooses_the_schema(tmp_path: Path) -> None:
    recipe = load_recipe(write(tmp_path, PICTURES), ["pictures.crop=[8,16]"])
    assert isinstance(recipe, SegmentationRecipe)
    assert recipe.training.loss.name == "cross_entropy"
    assert recipe_from_json(recipe_to_json(recipe)) == recipe
    with pytest.raises(RecipeError, match="x is a recipe of segmentation"):
        as_separation(recipe)
    sound = load_recipe(write(tmp_path, "name: x\n"))
    assert as_separation(sound) is sound


def test_sections_may_differ_from_a_recipe() -> None:
    recipe = Recipe("whole", backbone=Part("unet", {"widths": [4, 8]}))
    other = with_changes(recipe, {"audio": {"n_bins": 512}, "backbone": {"params": {"kernel": 4}}})
    assert other.audio == dataclasses.replace(recipe.audio, n_bins=512)
    assert other.backbone == Part("unet", {"kernel": 4})
    # A part that is named anew does not keep the parameters of the old one.
    assert with_changes(recipe, {"backbone": {"name": "spleeter"}}).backbone == Part("spleeter")
    for sections in (
        {"audio": {"n_bims": 1}},
        {"audio": 3},
        {"oudio": {}},
        {"audio": {"n_bins": 0}},
    ):
        with pytest.raises(RecipeError):
            with_changes(recipe, sections)
