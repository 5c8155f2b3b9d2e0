"""Speech on a melody: pitch from the melody, sounds from the speech."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from vocalsep.data.singing.write import Sung, write_sung
from vocalsep.errors import DataError

RATE = 16000
try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyworld
except ImportError:
    pyworld = None
needs_world = pytest.mark.skipif(pyworld is None, reason="pyworld: pip install 'vocalsep[singing]'")


def spoken(seconds: float = 4.0, hz: float = 120.0) -> npt.NDArray[np.float64]:
    """Pulses through two resonances that come and go: vowels of a quarter second, and noise."""
    rng = np.random.default_rng(0)
    t = np.arange(int(seconds * RATE)) / RATE
    phase = np.cumsum(hz * (1 + 0.1 * np.sin(2 * np.pi * 0.7 * t))) / RATE
    pulses = np.diff(np.floor(phase), prepend=0.0)
    response = sum(
        np.exp(-t[:800] * 300) * np.sin(2 * np.pi * f * t[:800]) for f in (600.0, 1500.0)
    )
    vowels = np.convolve(pulses, response)[: len(t)]
    vowel = (t % 0.4) < 0.28
    return 0.3 * np.where(vowel, vowels, 0.02 * rng.standard_normal(len(t)))


@needs_world
def test_vowels_are_held_and_pitch_follows_the_melody() -> None:
    from vocalsep.data.singing.speech import analyse, sing

    parts = analyse(spoken(), RATE)
    sung = sing(parts, np.random.default_rng(1))
    assert len(sung) > 1.2 * 4.0 * RATE and np.abs(sung).max() == pytest.approx(0.9)
    again = analyse(sung, RATE)
    voiced = again.f0[again.f0 > 0]
    assert len(voiced) / len(again.f0) > 0.7  # 0.7 of the speech, more of the song
    # Notes are flat: pitch changes little from frame to frame, but a lot over the song.
    steps = np.abs(np.diff(12 * np.log2(voiced)))
    assert np.median(steps) < 0.2 and np.ptp(12 * np.log2(voiced)) > 4


@needs_world
def test_each_take_has_a_melody_and_a_tract_of_its_own() -> None:
    from vocalsep.data.singing.speech import analyse, sing

    parts = analyse(spoken(), RATE)
    rng = np.random.default_rng(1)
    first, second = sing(parts, rng), sing(parts, rng)
    assert len(first) != len(second)
    same = sing(parts, np.random.default_rng(1))
    assert np.array_equal(first, same)


@needs_world
def test_what_is_no_speech_is_refused() -> None:
    from vocalsep.data.singing.speech import analyse

    with pytest.raises(DataError, match="16000 Hz or more"):
        analyse(spoken(), 8000)
    with pytest.raises(DataError, match="less than a second of voice"):
        analyse(np.zeros(RATE), RATE)


@needs_world
def test_one_that_cannot_sing_is_told_and_does_not_stop_the_others(tmp_path: Path) -> None:
    voices, out = tmp_path / "speech", tmp_path / "sung"
    voices.mkdir()
    soundfile.write(voices / "hush.wav", np.zeros(RATE), RATE)
    (voices / "noise.wav").write_bytes(b"RIFF")
    soundfile.write(voices / "zoe.wav", spoken(), RATE)
    hush, noise, zoe = write_sung([voices], out, 6.0, 0)
    assert "hush.wav: less than a second of voice" in hush.error
    assert "noise.wav" in noise.error
    assert zoe == Sung(out / "zoe.flac")
    assert sorted(out.iterdir()) == [zoe.path]


@needs_world
def test_a_file_for_each_voice(tmp_path: Path) -> None:
    for index, name in enumerate(("anna", "ben")):
        path = tmp_path / "speech" / f"{name}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, spoken(hz=110.0 + 90 * index), RATE)
    out = tmp_path / "sung"
    found = [sung.path for sung in write_sung([tmp_path / "speech"], out, 6.0, 0, workers=2)]
    assert found == [out / "anna.flac", out / "ben.flac"]
    assert all(soundfile.info(path).duration >= 6.0 for path in found)
    # A voice sings the same whoever else is there, and what is there is left alone.
    one = list(write_sung([tmp_path / "speech" / "ben.wav"], tmp_path / "one", 6.0, 0))
    assert one[0].path.read_bytes() == found[1].read_bytes()
    found[0].write_bytes(b"mine")
    list(write_sung([tmp_path / "speech"], out, 6.0, 0))
    assert found[0].read_bytes() == b"mine"


def test_voices_of_one_name_and_empty_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no sound files"):
        list(write_sung([tmp_path], tmp_path / "out", 1.0, 0))
    with pytest.raises(DataError, match="two voices are called 'a'"):
        list(write_sung([tmp_path / "x" / "a.wav", tmp_path / "y" / "a.flac"], tmp_path, 1.0, 0))
