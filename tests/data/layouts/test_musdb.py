"""MUSDB18 and MUSDB18-HQ, on small files in their own formats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.helpers.musdb import RATE, make_musdb18, make_musdb18hq, song_stems
from vocalsep.data.layouts import guess_layout, read_stems
from vocalsep.data.layouts.musdb18 import VALIDATION_SONGS
from vocalsep.data.prepare import training_stems
from vocalsep.data.sources import load
from vocalsep.errors import DataError

TRAIN, VALID, TEST = "A Song - In Training", "Leaf - Summerghost", "Held - Out"
NAMES = {"train": [TRAIN, VALID], "test": [TEST]}


@pytest.fixture(params=["musdb18", "musdb18hq"], scope="module")
def musdb(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp(request.param)
    make = make_musdb18 if request.param == "musdb18" else make_musdb18hq
    make(root, NAMES, seconds=0.5)
    return root


def test_the_layout_is_guessed_by_what_lies_there(musdb: Path) -> None:
    assert guess_layout(musdb) == ("musdb18hq" if "hq" in musdb.name else "musdb18")


@pytest.mark.parametrize(
    ("split", "songs"),
    [
        ("train", {TRAIN}),
        ("valid", {VALID}),
        ("train+valid", {TRAIN, VALID}),
        ("test", {TEST}),
    ],
)
def test_splits(musdb: Path, split: str, songs: set[str]) -> None:
    stems = read_stems(musdb, split=split)
    assert {stem.song for stem in stems} == songs
    targets = [stem.target for stem in stems if stem.song == min(songs)]
    assert targets == ["mixture", "drums", "bass", "other", "vocals"]
    assert {stem.licence for stem in stems} == {"MUSDB18: academic use only"}


def test_every_stem_is_the_right_track_at_lag_0(musdb: Path) -> None:
    truth = song_stems(0.5, 0)
    truth["mixture"] = sum(truth.values(), np.float32(0))
    for stem in read_stems(musdb, split="train"):
        decoded = load(stem, RATE)
        assert decoded.samples.shape == truth[stem.target].shape
        assert (decoded.sample_rate, decoded.band_hz) == (RATE, RATE / 2)
        inside = slice(2048, -2048)
        true, error = truth[stem.target], decoded.samples - truth[stem.target]
        # AAC leaves about −10 dB of noise bursts; what is shifted by a frame leaves over 0 dB.
        assert np.sum(error[:, inside] ** 2) < 0.15 * np.sum(true[:, inside] ** 2), stem.target


@pytest.mark.parametrize("split", ["test"])
def test_the_test_split_is_never_trained_on(musdb: Path, split: str) -> None:
    with pytest.raises(DataError, match="held out"):
        training_stems(musdb, "", split)


def test_the_14_validation_songs() -> None:
    musdb = pytest.importorskip("musdb")
    settings = Path(musdb.__file__).parent / "configs" / "mus.yaml"
    text = settings.read_text(encoding="utf-8")
    assert len(VALIDATION_SONGS) == 14
    for name in VALIDATION_SONGS:
        assert f"- '{name}'" in text


def test_a_missing_file_of_hq_is_named(tmp_path: Path) -> None:
    make_musdb18hq(tmp_path, {"train": [TRAIN, "Other - Song"]}, seconds=0.1)
    (tmp_path / "train" / TRAIN / "bass.wav").unlink()
    with pytest.raises(DataError, match=r"bass\.wav: no such file"):
        read_stems(tmp_path)


def test_a_set_without_the_asked_half_is_refused(tmp_path: Path) -> None:
    make_musdb18hq(tmp_path, {"train": [VALID]}, seconds=0.1)
    with pytest.raises(DataError, match="no folder test/"):
        read_stems(tmp_path, split="test")
    with pytest.raises(DataError, match="train split is empty"):
        read_stems(tmp_path, split="train")
