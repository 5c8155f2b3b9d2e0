"""Songs with true stems: found, decoded, cut to the voice; errors name the folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.helpers.synth import RATE, music, voice, write_stem
from vocalsep.errors import DataError
from vocalsep.evaluation.songs import find_songs, load_song, strongest_span

STEMS = ("vocals", "accompaniment")


def make_song(folder: Path, seconds: int = 2) -> None:
    write_stem(folder / "vocals.wav", voice(seconds * RATE))
    write_stem(folder / "accompaniment.wav", music(seconds * RATE))


def test_songs_are_found_in_and_below_folders(tmp_path: Path) -> None:
    make_song(tmp_path / "set" / "b")
    make_song(tmp_path / "set" / "a")
    make_song(tmp_path / "c")
    (tmp_path / "set" / "notes").mkdir()
    assert list(find_songs([tmp_path / "set", tmp_path / "c"], STEMS)) == ["a", "b", "c"]
    with pytest.raises(DataError, match="no song"):
        find_songs([tmp_path / "set" / "notes"], STEMS)


def test_two_songs_of_one_name_are_refused(tmp_path: Path) -> None:
    make_song(tmp_path / "x" / "a")
    make_song(tmp_path / "y" / "a")
    with pytest.raises(DataError, match="same name"):
        find_songs([tmp_path / "x", tmp_path / "y"], STEMS)


def test_stems_come_back(tmp_path: Path) -> None:
    make_song(tmp_path)
    song = load_song("s", tmp_path, STEMS, RATE)
    np.testing.assert_allclose(song.sources["vocals"], voice(2 * RATE), atol=1e-6)
    np.testing.assert_allclose(song.mixture, voice(2 * RATE) + music(2 * RATE), atol=1e-6)


def test_mono_stems_come_on_both_sides_and_at_the_asked_rate(tmp_path: Path) -> None:
    write_stem(tmp_path / "vocals.wav", voice(RATE)[:1])
    write_stem(tmp_path / "accompaniment.wav", music(RATE)[:1])
    song = load_song("s", tmp_path, STEMS, 2 * RATE)
    assert song.sources["vocals"].shape == (2, 2 * RATE)
    assert np.array_equal(*song.sources["vocals"])


def test_the_excerpt_is_where_the_voice_is() -> None:
    late_voice = np.zeros((2, 10 * RATE), np.float32)
    late_voice[:, 6 * RATE : 8 * RATE] = 0.5
    assert strongest_span(late_voice, RATE, 2.0) == slice(6 * RATE, 8 * RATE)
    assert strongest_span(late_voice, RATE, 0.0) == slice(0, 10 * RATE)
    assert strongest_span(late_voice, RATE, 99.0) == slice(0, 10 * RATE)


def test_missing_and_unequal_stems_are_named(tmp_path: Path) -> None:
    write_stem(tmp_path / "vocals.wav", voice(RATE))
    with pytest.raises(DataError, match=r"needs vocals\.\* and accompaniment\.\*"):
        load_song("s", tmp_path, STEMS, RATE)
    write_stem(tmp_path / "accompaniment.wav", music(RATE + 1))
    with pytest.raises(DataError, match="equal length"):
        load_song("s", tmp_path, STEMS, RATE)


def test_the_last_stem_may_be_the_sum_of_the_other_files(tmp_path: Path) -> None:
    parts = {name: music(RATE, seed) for seed, name in enumerate(("drums", "bass", "other"))}
    for name, audio in parts.items():
        write_stem(tmp_path / f"{name}.wav", audio)
    write_stem(tmp_path / "vocals.wav", voice(RATE))
    write_stem(tmp_path / "mixture.wav", voice(RATE) + sum(parts.values()))
    song = load_song("s", tmp_path, STEMS, RATE)
    np.testing.assert_allclose(song.sources["accompaniment"], sum(parts.values()), atol=1e-6)
    song = load_song("s", tmp_path, ["bass", "vocals", "residual"], RATE)
    rest = parts["drums"] + parts["other"]
    np.testing.assert_allclose(song.sources["residual"], rest, atol=1e-6)
    # Beside its own parts an accompaniment does not count.
    write_stem(tmp_path / "accompaniment.wav", sum(parts.values()))
    again = load_song("s", tmp_path, ["bass", "vocals", "residual"], RATE)
    np.testing.assert_array_equal(again.sources["residual"], song.sources["residual"])
    with pytest.raises(DataError, match="piano"):
        load_song("s", tmp_path, ["piano", "accompaniment"], RATE)
