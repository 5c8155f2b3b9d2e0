"""Training packs what it needs, once, and tells what it cannot pack."""

from __future__ import annotations

import dataclasses
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.musdb import RATE, make_musdb18
from tests.helpers.synth import make_bank, tiny_recipe
from vocalsep.data import prepare as module
from vocalsep.data.bank import Bank
from vocalsep.data.loader import batches
from vocalsep.data.prepare import prepare
from vocalsep.errors import DataError
from vocalsep.recipe import Recipe


def on_musdb(tmp_path: Path, **changes: object) -> Recipe:
    """Four stems of a small MUSDB18 that is not packed yet."""
    recipe = tiny_recipe(tmp_path / "bank", steps=2)
    root = str(tmp_path / "set")
    mixing = dataclasses.replace(recipe.mixing, root=root, **changes)  # type: ignore[arg-type]
    return dataclasses.replace(
        recipe,
        targets=["vocals", "drums", "bass", "other"],
        residual="other",
        audio=dataclasses.replace(recipe.audio, sample_rate=RATE),
        mixing=mixing,
    )


@pytest.fixture(scope="module")
def small_musdb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("musdb")
    make_musdb18(root, {"train": ["A - B"], "test": ["C - D"]}, seconds=0.3)
    return root


@pytest.fixture
def musdb(tmp_path: Path, small_musdb: Path) -> Path:
    return Path(shutil.copytree(small_musdb, tmp_path / "set"))


def test_a_missing_bank_is_packed_once_and_then_found(tmp_path: Path, musdb: Path) -> None:
    recipe, lines = on_musdb(tmp_path), list[str]()
    prepare(recipe, lines.append)
    assert lines[0].startswith("packing 4 stems")
    batch = next(batches(recipe, 0))
    assert batch.sources.shape == (2, 4, 2, 31 * 64)
    assert batch.band_hz.shape == (2, 4)
    said = len(lines)
    prepare(recipe, lines.append)
    assert len(lines) == said
    make_musdb18(musdb, {"train": ["E - F"]}, seconds=0.3)
    prepare(recipe, lines.append)
    assert {track.song for track in Bank(tmp_path / "bank").tracks} == {"A - B", "E - F"}


def test_a_damaged_bank_is_packed_again(tmp_path: Path, musdb: Path) -> None:
    recipe = on_musdb(tmp_path)
    prepare(recipe, lambda _: None)
    cut = min((tmp_path / "bank").glob("*.i16"))
    whole = cut.read_bytes()
    cut.unlink()
    prepare(recipe, lambda _: None)
    assert cut.read_bytes() == whole


def test_a_stem_that_cannot_be_packed_stops_training(tmp_path: Path, musdb: Path) -> None:
    (musdb / "train" / "X - Y.stem.mp4").write_bytes(b"half a file")
    with pytest.raises(DataError, match=r"4 of 8 stems .* could not be packed, first: .*X - Y"):
        prepare(on_musdb(tmp_path), lambda _: None)


def test_the_test_split_is_refused(tmp_path: Path, musdb: Path) -> None:
    with pytest.raises(DataError, match="held out"):
        prepare(on_musdb(tmp_path, split="test"), lambda _: None)


def test_a_bank_alone_is_only_checked(tmp_path: Path) -> None:
    make_bank(tmp_path / "bank")
    prepare(tiny_recipe(tmp_path / "bank"), pytest.fail)
    (tmp_path / "bank" / "k0.i16").write_bytes(b"")
    with pytest.raises(DataError, match="pack the bank again"):
        prepare(tiny_recipe(tmp_path / "bank"), pytest.fail)


def test_neither_bank_nor_root(tmp_path: Path) -> None:
    recipe = tiny_recipe(tmp_path)
    mixing = dataclasses.replace(recipe.mixing, bank="")
    with pytest.raises(DataError, match=r"mixing\.bank is empty"):
        prepare(dataclasses.replace(recipe, mixing=mixing), pytest.fail)


def test_the_other_processes_of_a_machine_wait(
    tmp_path: Path, musdb: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAIT_S", 0.01)
    recipe = on_musdb(tmp_path)
    waiting = threading.Thread(target=prepare, args=(recipe, pytest.fail, 1))
    waiting.start()
    waiting.join(0.1)
    assert waiting.is_alive()
    prepare(recipe, lambda _: None, 0)
    waiting.join(10)
    assert not waiting.is_alive()


def test_two_stems_come_out_of_a_bank_of_four(tmp_path: Path, musdb: Path) -> None:
    recipe = dataclasses.replace(on_musdb(tmp_path), targets=["vocals"], residual="")
    mixing = dataclasses.replace(recipe.mixing, same_song=1.0, music_only=0.0, voice_only=0.0)
    prepare(recipe, lambda _: None)
    batch = next(batches(dataclasses.replace(recipe, mixing=mixing), 0))
    assert batch.sources.shape == (2, 2, 2, 31 * 64)
    assert all(np.any(source) for source in batch.sources.flatten(0, 1).numpy())
