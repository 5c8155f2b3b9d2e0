"""Key and tempo: everything where it belongs, as loud as it was; a voice keeps its mouth."""

from __future__ import annotations

import sys
from pathlib import Path

import mutagen
import numpy as np
import pytest

from tests.helpers.reading import RATE, Samples, music, read
from tests.karaoke.songs import karaoke, listing, loudness, write_sound
from vocalsep.karaoke.options import Treatment
from vocalsep.karaoke.stretch import stretch

CLICKS_S = (0.3, 0.8, 1.21, 1.7)


def clicks(n_samples: int = 2 * RATE) -> Samples:
    audio = np.zeros((2, n_samples), np.float32)
    for at in CLICKS_S:
        audio[:, int(at * RATE)] = 0.9
    return audio


def vowel(pitch_hz: float, n_samples: int = 2 * RATE) -> Samples:
    """(1, N) harmonics under one resonance at 1000 Hz."""
    time = np.arange(n_samples) / RATE
    partials = np.arange(1, 60) * pitch_hz
    levels = 1.0 / (1.0 + ((partials - 1000.0) / 150.0) ** 2) + 0.003
    phases = np.arange(59.0) ** 2
    waves = np.sin(2 * np.pi * np.outer(partials, time) + phases[:, None])
    return (0.1 * levels @ waves)[None].astype(np.float32)


def resonance_hz(audio: Samples, pitch_hz: float) -> float:
    """Centre of gravity of the partials around the resonance."""
    spectrum = np.abs(np.fft.rfft(audio[0, RATE // 2 : 3 * RATE // 2] * np.hanning(RATE)))
    partials = (np.arange(1, 18) * pitch_hz).round().astype(int)  # one bin is one hertz
    levels = np.array([spectrum[p - 8 : p + 9].max() for p in partials]) ** 2
    return float((levels * partials).sum() / levels.sum())


@pytest.mark.parametrize(("key", "tempo"), [(0, 100), (3, 100), (-5, 100), (0, 80), (2, 125)])
def test_sounds_stay_where_they_belong(key: float, tempo: float) -> None:
    done = stretch(clicks(), RATE, Treatment(key=key, tempo=tempo), is_voice=False)
    assert done.shape == (2, round(2 * RATE * 100 / tempo))
    for at in CLICKS_S:
        wanted = int(at * RATE * 100 / tempo)
        near = np.abs(done[0, wanted - 2000 : wanted + 2000])
        late = int(np.argmax(near)) - 2000
        assert abs(late) <= (2 if tempo == 100 else 40), (at, late)  # 40 samples: 1 ms


@pytest.mark.parametrize("treatment", [Treatment(key=5), Treatment(key=-2, tempo=80)])
def test_all_stays_as_loud(treatment: Treatment) -> None:
    audio = music(RATE).astype(np.float32)
    done = stretch(audio, RATE, treatment, is_voice=False)
    assert loudness(done) == pytest.approx(loudness(audio), rel=1e-3)
    assert not stretch(np.zeros_like(audio), RATE, treatment, is_voice=False).any()


def test_nothing_to_do_is_nothing_done() -> None:
    audio = clicks()
    np.testing.assert_array_equal(stretch(audio, RATE, Treatment(), is_voice=True), audio)


@pytest.mark.parametrize("key", [4.0, -4.0])
def test_a_voice_keeps_its_formants(key: float) -> None:
    pitch = 110.0 * 2 ** (key / 12)
    audio = vowel(110.0)
    assert resonance_hz(audio, 110.0) == pytest.approx(1000, rel=0.03)
    plain = stretch(audio, RATE, Treatment(key=key), is_voice=False)
    kept = stretch(audio, RATE, Treatment(key=key), is_voice=True)
    assert abs(resonance_hz(plain, pitch) / 1000 - 1) > 0.15
    assert resonance_hz(kept, pitch) == pytest.approx(1000, rel=0.07)
    assert loudness(kept) == pytest.approx(loudness(audio), rel=1e-3)


def test_a_song(here: Path) -> None:
    write_sound(here / "so.wav", RATE)
    result = karaoke("so.wav", "--key", "2", "--tempo", "80", "--guide=-6", "--format", "flac")
    assert result.exit_code == 0, result.output
    assert listing(here / "karaoke") == ["so (Karaoke).flac"]
    made, song = read(here / "karaoke" / "so (Karaoke).flac"), read(here / "so.wav")
    assert made.shape == (2, round(RATE / 0.8))
    # Half of it is voice, and half of that comes back.
    assert loudness(made) == pytest.approx(0.75 * loudness(song), rel=0.1)
    assert mutagen.File(here / "karaoke" / "so (Karaoke).flac")["title"] == ["so (Karaoke)"]


def test_guide_is_exact_where_nothing_is_stretched(here: Path) -> None:
    write_sound(here / "so.wav")
    assert karaoke("so.wav", "--guide=-20").exit_code == 0
    made, song = read(here / "karaoke" / "so (Karaoke).wav"), read(here / "so.wav")
    np.testing.assert_allclose(made, 0.55 * song, atol=1.01 / 2**15)


def test_without_the_library_it_is_one_line(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_stretch", None)
    write_sound(here / "so.wav")
    result = karaoke("so.wav", "--key", "2")
    assert result.exit_code == 2
    assert "pip install 'vocalsep[karaoke]'" in result.stderr
    assert listing(here) == ["so.wav"]
