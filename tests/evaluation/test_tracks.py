"""Tracks of data sets: found, decoded at their own rate, bad references named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.helpers.synth import RATE, music, voice, write_stem
from vocalsep.errors import DataError
from vocalsep.evaluation.tracks import find_tracks

PAIR = ("vocals", "accompaniment")


def write_parts(folder: Path, rate: int = RATE) -> None:
    for seed, stem in enumerate(("drums", "bass", "other")):
        write_stem(folder / f"{stem}.wav", music(RATE, seed), rate)
    write_stem(folder / "vocals.wav", voice(RATE), rate)


def test_songs_of_parts_and_their_mixture(tmp_path: Path) -> None:
    write_parts(tmp_path / "set" / "b")
    write_parts(tmp_path / "set" / "a", rate=2 * RATE)
    recorded = 0.5 * voice(RATE)
    write_stem(tmp_path / "set" / "a" / "mixture.wav", recorded, 2 * RATE)
    first, second = find_tracks([tmp_path / "set"])
    assert (first.name, second.name) == ("a", "b")
    song = first.load(PAIR).song
    assert song.sample_rate == 2 * RATE
    parts = sum(music(RATE, seed) for seed in range(3))
    np.testing.assert_allclose(song.sources["accompaniment"], parts, atol=1e-6)
    np.testing.assert_allclose(song.mixture, recorded, atol=1e-6)
    four = second.load(("vocals", "drums", "bass", "other")).song
    np.testing.assert_allclose(four.mixture, parts + voice(RATE), atol=1e-6)
    with pytest.raises(DataError, match="no reference for piano"):
        second.load(("piano", "vocals"))


def test_one_song_of_its_own_and_sets_with_a_test_half(tmp_path: Path) -> None:
    write_parts(tmp_path / "one")
    assert [track.name for track in find_tracks([tmp_path / "one"])] == ["one"]
    write_parts(tmp_path / "set" / "train" / "x")
    write_parts(tmp_path / "set" / "test" / "y")
    assert [track.name for track in find_tracks([tmp_path / "set"])] == ["y"]
    assert [track.name for track in find_tracks([tmp_path / "set"], split="train")] == ["x"]
    with pytest.raises(DataError, match="a second track is called 'one'"):
        find_tracks([tmp_path / "one", tmp_path / "one"])


def test_mono_stays_mono_and_a_few_samples_are_cut(tmp_path: Path) -> None:
    write_stem(tmp_path / "s" / "vocals.wav", voice(RATE)[:1])
    write_stem(tmp_path / "s" / "accompaniment.wav", music(RATE + 100)[:1])
    loaded = find_tracks([tmp_path])[0].load(PAIR)
    assert loaded.song.mixture.shape == (1, RATE)
    assert loaded.notes == (f"references cut by up to 100 samples to {RATE}",)


def test_other_lengths_and_rates_are_refused(tmp_path: Path) -> None:
    write_stem(tmp_path / "s" / "vocals.wav", voice(RATE))
    write_stem(tmp_path / "s" / "accompaniment.wav", music(2 * RATE))
    with pytest.raises(DataError, match="references of one song are of equal length"):
        find_tracks([tmp_path])[0].load(PAIR)
    write_stem(tmp_path / "s" / "accompaniment.wav", music(RATE), 2 * RATE)
    with pytest.raises(DataError, match=r"rates differ .* resample"):
        find_tracks([tmp_path])[0].load(PAIR)


def test_split_stereo(tmp_path: Path) -> None:
    write_stem(tmp_path / "Wavfile" / "amy_1_01.wav", np.stack([music(RATE)[0], voice(RATE)[0]]))
    (track,) = find_tracks([tmp_path], layout="split-stereo")
    song = track.load(PAIR).song
    np.testing.assert_allclose(song.sources["vocals"], voice(RATE)[:1], atol=1e-6)
    np.testing.assert_allclose(song.sources["accompaniment"], music(RATE)[:1], atol=1e-6)
    with pytest.raises(DataError, match="not drums"):
        track.load(("drums", "vocals"))
    write_stem(tmp_path / "Wavfile" / "amy_1_01.wav", voice(RATE)[:1])
    with pytest.raises(DataError, match="expected two: accompaniment left"):
        find_tracks([tmp_path], layout="split-stereo")[0].load(PAIR)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no sound file"):
        find_tracks([tmp_path / "empty"], layout="split-stereo")


def test_the_fingerprint_follows_the_files(tmp_path: Path) -> None:
    write_parts(tmp_path / "s")
    before = find_tracks([tmp_path])[0].fingerprint()
    assert find_tracks([tmp_path])[0].fingerprint() == before
    write_stem(tmp_path / "s" / "bass.wav", music(2 * RATE))
    assert find_tracks([tmp_path])[0].fingerprint() != before
