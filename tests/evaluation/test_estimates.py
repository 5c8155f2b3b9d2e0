"""Estimates of any tool: places, names, and what does not fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.helpers.synth import RATE, music, voice, write_stem
from vocalsep.errors import DataError
from vocalsep.evaluation.estimates import find_estimates, load_estimates
from vocalsep.evaluation.songs import Song

SONG = Song("my song", {"vocals": voice(RATE), "accompaniment": music(RATE)}, RATE)


@pytest.mark.parametrize(
    "names",
    [
        ("my song/vocals.wav", "my song/accompaniment.wav"),
        ("test/my song/vocals.wav", "test/my song/accompaniment.wav"),
        ("htdemucs/my song/vocals.wav", "htdemucs/my song/no_vocals.wav"),
        ("my song_(Vocals).wav", "my song_(Instrumental).wav"),
        ("1_my song_(Vocals).wav", "1_my song_(Instrumental).wav"),
        ("my song - vocals.wav", "my song - karaoke.wav"),
    ],
)
def test_places(names: tuple[str, str], tmp_path: Path) -> None:
    for name in names:
        write_stem(tmp_path / name, voice(RATE))
    write_stem(tmp_path / "my song 2" / "vocals.wav", music(RATE))  # another song
    found = find_estimates(tmp_path, "my song")
    assert found == {
        "vocals": tmp_path / names[0],
        "accompaniment": tmp_path / names[1],
    }


def test_the_folder_of_the_track_itself(tmp_path: Path) -> None:
    write_stem(tmp_path / "my song" / "vocals.wav", voice(RATE))
    write_stem(tmp_path / "my song" / "mixture.wav", voice(RATE))
    assert set(find_estimates(tmp_path / "my song", "my song")) == {"vocals"}


def test_what_is_missing_is_named_with_the_closest(tmp_path: Path) -> None:
    write_stem(tmp_path / "mysong" / "vocals.wav", voice(RATE))
    with pytest.raises(DataError, match="no estimates of 'my song' in it; did you mean 'mysong'"):
        find_estimates(tmp_path, "my song")
    with pytest.raises(DataError, match="no such folder"):
        find_estimates(tmp_path / "nowhere", "my song")


@pytest.mark.parametrize("difference", [-50, 0, 50])
def test_a_few_samples_are_made_to_fit(difference: int, tmp_path: Path) -> None:
    write_stem(tmp_path / "my song" / "vocals.wav", voice(RATE + difference))
    stems, notes = load_estimates(tmp_path, SONG)
    assert stems["vocals"].shape == (2, RATE)
    kept = RATE + min(0, difference)
    np.testing.assert_allclose(stems["vocals"][:, :kept], voice(RATE)[:, :kept], atol=1e-6)
    assert len(notes) == bool(difference)


def test_other_lengths_rates_and_channels(tmp_path: Path) -> None:
    path = tmp_path / "my song" / "vocals.wav"
    write_stem(path, voice(2 * RATE))
    with pytest.raises(DataError, match="16000 samples, the reference has 8000"):
        load_estimates(tmp_path, SONG)
    write_stem(path, voice(RATE), 2 * RATE)
    with pytest.raises(DataError, match="16000 Hz, the reference has 8000 Hz; resample"):
        load_estimates(tmp_path, SONG)
    write_stem(path, voice(RATE)[:1])
    stems, notes = load_estimates(tmp_path, SONG)
    assert np.array_equal(*stems["vocals"])
    assert notes == ["vocals.wav: 1 channel(s) for 2"]
