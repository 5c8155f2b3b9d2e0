"""Self-training: songs in, voices and breaks out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from vocalsep.data.layouts import read_stems
from vocalsep.errors import DataError
from vocalsep.inference.options import RunOptions
from vocalsep.inference.separator import Separator
from vocalsep.models.identity import IdentitySeparator
from vocalsep.training.harvest import harvest

ULTRASTAR = "#TITLE:So\n#ARTIST:We\n#MP3:so.wav\n#BPM:300\n#GAP:10000\n: 0 40 1 La\nE\n"


def judge(gain: float = 1.0, target: str = "vocals") -> Separator:
    """Says that `gain` of everything is voice."""
    network = IdentitySeparator(targets=(target,), residual="rest", gain=gain)
    return Separator(network, run=RunOptions(device="cpu"))  # type: ignore[arg-type]


@pytest.fixture
def song(tmp_path: Path) -> Path:
    """30 s: ten seconds silent, then a tone of 440 Hz."""
    path = tmp_path / "songs" / "so.wav"
    path.parent.mkdir()
    time_s = np.arange(30 * 44100) / 44100
    tone = 0.3 * np.sin(2 * np.pi * 440 * time_s) * (time_s > 10)
    soundfile.write(path, np.stack([tone, tone], 1), 44100, subtype="FLOAT")
    return path


def test_voice_on_which_both_agree(song: Path, tmp_path: Path) -> None:
    [found] = harvest([song.parent], [judge(), judge()], tmp_path / "out")
    assert found.song == song and found.seconds == {"vocals": 20.0, "accompaniment": 0.0}
    [stem] = read_stems(tmp_path / "out", "", "train")
    assert stem.target == "vocals"
    voice, rate = soundfile.read(tmp_path / "out" / "vocals" / "so.flac")
    assert rate == 44100 and len(voice) == 20 * 44100
    assert np.abs(voice).max() == pytest.approx(0.9, abs=1e-3)
    power = np.abs(np.fft.rfft(voice[44100 : 2 * 44100, 0]))
    assert power.argmax() == 440


def test_nothing_where_they_differ(song: Path, tmp_path: Path) -> None:
    [found] = harvest([song], [judge(), judge(0.3)], tmp_path / "out")
    assert found.seconds == {"vocals": 0.0, "accompaniment": 0.0}
    assert not (tmp_path / "out").exists()


def test_breaks_are_the_song_itself(song: Path, tmp_path: Path) -> None:
    [found] = harvest([song], [judge(0.01)], tmp_path / "out")
    assert found.seconds == {"vocals": 0.0, "accompaniment": 20.0}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["accompaniment"]


def test_notes_tell_where_nobody_sings(song: Path, tmp_path: Path) -> None:
    """One note from 10 to 12 s: a break from 13.5 s on; before it there is nothing to hear."""
    (song.parent / "so.txt").write_text(ULTRASTAR)
    (song.parent / "readme.txt").write_text("of nothing")
    [found] = harvest([song], [judge(0.5)], tmp_path / "out")
    assert found.seconds["accompaniment"] == pytest.approx(16.5, abs=0.01)


def test_files_of_one_name_are_called_after_their_folders(song: Path, tmp_path: Path) -> None:
    other = tmp_path / "songs" / "other" / "so.wav"
    other.parent.mkdir()
    other.write_bytes(song.read_bytes())
    list(harvest([song.parent], [judge()], tmp_path / "out"))
    assert {path.name for path in (tmp_path / "out/vocals").iterdir()} == {
        "songs.flac",
        "other.flac",
    }
    with pytest.raises(DataError, match="two songs are called 'songs'"):
        list(harvest([song, song], [judge()], tmp_path / "out"))


def test_what_cannot_be_harvested(song: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no sound files"):
        list(harvest([tmp_path / "empty"], [judge()], tmp_path / "out"))
    with pytest.raises(DataError, match="estimates no vocals"):
        list(harvest([song], [judge(target="drums")], tmp_path / "out"))
