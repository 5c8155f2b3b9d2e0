"""The null test and the alignment test must pass what is right and find what is wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.helpers.fake_models import CPU, four_stems, identity_separator
from vocalsep.errors import UnreadableAudio, VocalsepError
from vocalsep.inference.manifest import MANIFEST_NAME
from vocalsep.inference.options import FileOptions
from vocalsep.inference.separator import Separator
from vocalsep.inference.verify import verify
from vocalsep.models.identity import IdentitySeparator

RATE = 44100


@pytest.fixture
def song(tmp_path: Path, rng: np.random.Generator) -> Path:
    """Four seconds of tones over some noise, fading in and out."""
    time_s = np.arange(4 * RATE)[:, np.newaxis] / RATE
    tones = [np.sin(2 * np.pi * hz * time_s + [[0.0, hz]]) for hz in (110, 277, 880, 1975, 3322)]
    audio = 0.1 * sum(tones) + 0.02 * rng.normal(size=(4 * RATE, 2))
    audio *= np.hanning(len(audio))[:, np.newaxis]
    soundfile.write(tmp_path / "song.wav", audio, RATE, subtype="PCM_16")
    return tmp_path / "song.wav"


def separate(song: Path, **changes: object) -> Path:
    folder = song.parent / "out"
    options = FileOptions(template="{stem}.{ext}", **changes)  # type: ignore[arg-type]
    identity_separator(gain=0.37).separate_file(song, folder, options)
    return folder


def rewrite(path: Path, change: object) -> None:
    audio, rate = soundfile.read(path, always_2d=True)
    soundfile.write(path, change(audio), rate, subtype="PCM_16")  # type: ignore[operator]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"format": "flac"},
        {"subtype": "float32"},
        {"subtype": "pcm_24"},
        {"subtype": "pcm_8"},
        {"start_s": 0.5, "end_s": 3.0},
        {"format": "ogg"},
        {"format": "mp3"},
        {"format": "m4a"},
        {"format": "opus"},
    ],
)
def test_right_stems_pass(song: Path, changes: dict[str, object]) -> None:
    (verdict,) = verify(song, separate(song, **changes))
    assert verdict.problems() == []
    assert verdict.lag_samples == 0


def test_integer_stems_are_exact_and_said_so(song: Path) -> None:
    (verdict,) = verify(song, separate(song))
    assert verdict.residual_text() == "exactly zero"
    assert verdict.n_samples == verdict.n_expected == 4 * RATE


@pytest.mark.parametrize("lag", [1, 576, 1105, -1024])
def test_a_lag_is_found(song: Path, lag: int) -> None:
    folder = separate(song)
    for stem in ("vocals", "accompaniment"):
        rewrite(folder / f"{stem}.wav", lambda audio: np.roll(audio, lag, axis=0))
    (verdict,) = verify(song, folder)
    assert verdict.lag_samples == lag
    assert any(f"lag of {lag} samples" in problem for problem in verdict.problems())


def test_one_wrong_sample_is_found(song: Path) -> None:
    folder = separate(song)

    def change(audio: np.ndarray) -> np.ndarray:
        audio[100_000, 1] += 1 / 2**15
        return audio

    rewrite(folder / "vocals.wav", change)
    (verdict,) = verify(song, folder)
    assert verdict.largest == 1 / 2**15
    assert len(verdict.problems()) == 1


def test_a_shorter_stem_is_found(song: Path) -> None:
    folder = separate(song)
    for stem in ("vocals", "accompaniment"):
        rewrite(folder / f"{stem}.wav", lambda audio: audio[:-1])
    (verdict,) = verify(song, folder)
    assert any("samples long" in problem for problem in verdict.problems())


def test_normalised_lossy_stems_of_another_song_fail(song: Path, rng: np.random.Generator) -> None:
    folder = separate(song, format="ogg")
    soundfile.write(song, rng.uniform(-0.3, 0.3, (4 * RATE, 2)), RATE, subtype="PCM_16")
    (verdict,) = verify(song, folder)
    assert any("correlation" in problem for problem in verdict.problems())


def test_stems_are_found_without_a_manifest_and_from_above(song: Path) -> None:
    folder = separate(song)
    (folder / MANIFEST_NAME).unlink()
    shutil.move(folder, song.parent / "all" / "song")
    (verdict,) = verify(song, song.parent / "all")
    assert verdict.problems() == []


@pytest.mark.parametrize("has_manifest", [True, False])
def test_four_stems(song: Path, has_manifest: bool) -> None:
    folder = song.parent / "out"
    separator = Separator(four_stems(), run=CPU)
    separator.separate_file(song, folder)
    music = FileOptions(stem="accompaniment", template="{stem}.{ext}")
    separator.separate_file(song, folder, music)
    if not has_manifest:
        (folder / MANIFEST_NAME).unlink()
    verdicts = verify(song, folder)
    found = [tuple(verdict.stems) for verdict in verdicts]
    four = ("vocals", "drums", "bass", "other")
    assert found == ([four] if has_manifest else [("vocals", "accompaniment"), four])
    for verdict in verdicts:
        assert verdict.problems() == []
        assert verdict.residual_text() == "exactly zero"
    (folder / "bass.wav").unlink()
    (folder / "accompaniment.wav").unlink()
    if has_manifest:
        (folder / MANIFEST_NAME).unlink()
    (verdict,) = verify(song, folder)
    assert len(verdict.problems()) == 1  # an incomplete set leaves a residual


def test_stems_of_other_names_are_found_with_the_manifest(song: Path) -> None:
    network = IdentitySeparator(targets=("lead", "choir"), residual="band", gain=0.4)
    Separator(network, run=CPU).separate_file(song, song.parent / "out")
    (verdict,) = verify(song, song.parent / "out")
    assert list(verdict.stems) == ["lead", "choir", "band"]
    assert verdict.problems() == []


def test_every_set_of_stems_is_tested(song: Path) -> None:
    separate(song)
    folder = separate(song, format="flac")
    assert len(verify(song, folder)) == 2


def test_silence_passes(song: Path) -> None:
    soundfile.write(song, np.zeros((1000, 2)), RATE, subtype="PCM_16")
    (verdict,) = verify(song, separate(song))
    assert verdict.problems() == []


def test_missing_things_are_one_clear_line(song: Path, tmp_path: Path) -> None:
    folder = separate(song)
    with pytest.raises(UnreadableAudio, match="no such folder"):
        verify(song, tmp_path / "nowhere")
    with pytest.raises(UnreadableAudio, match=r"missing\.wav"):
        verify(tmp_path / "missing.wav", folder)
    (folder / "vocals.wav").unlink()
    with pytest.raises(VocalsepError, match=r"no complete set of stems of song\.wav"):
        verify(song, folder)


def test_other_channels_are_an_error(song: Path) -> None:
    folder = separate(song)
    rewrite(folder / "vocals.wav", lambda audio: audio[:, :1])
    with pytest.raises(VocalsepError, match="1 channels"):
        verify(song, folder)
