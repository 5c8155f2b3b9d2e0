"""`vocalsep karaoke` from the outside: plans, events, exit codes; nothing half-made is left."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.helpers.fake_models import use_network
from tests.helpers.reading import lag, read
from tests.karaoke.songs import events, karaoke, listing, snapshot, write_sound
from vocalsep.models.identity import IdentitySeparator


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    use_network(monkeypatch, IdentitySeparator(gain=0.5, chunk_samples=8192))
    return tmp_path


def test_a_folder_of_songs(here: Path) -> None:
    for name in ("a.mp3", "b.flac", "deep/c.ogg"):
        write_sound(here / "in" / name)
    result = karaoke("in", "--recursive", "--json")
    assert result.exit_code == 0, result.output
    assert listing(here / "karaoke") == ["a (Karaoke).mp3", "b (Karaoke).flac", "deep"]
    assert listing(here / "karaoke" / "deep") == ["c (Karaoke).ogg"]
    assert len(events(result, "planned")) == len(events(result, "done")) == 3
    (finished,) = events(result, "finished")
    assert finished["n_done"] == 3
    for name in ("a.mp3", "b.flac"):
        song, made = here / "in" / name, here / "karaoke" / f"{name[0]} (Karaoke){name[1:]}"
        assert lag(read(made), read(song)) == 0
        assert read(made).shape == read(song).shape


def test_dry_run_changes_nothing(here: Path) -> None:
    write_sound(here / "a.wav")
    before = snapshot(here)
    result = karaoke("a.wav", "--dry-run")
    assert result.exit_code == 0
    assert "karaoke/a (Karaoke).wav" in result.stdout.replace("\\", "/")
    assert snapshot(here) == before


def test_skip_existing_knows_the_treatment(here: Path) -> None:
    write_sound(here / "a.wav")
    assert karaoke("a.wav").exit_code == 0
    again = karaoke("a.wav", "--skip-existing", "--json")
    assert len(events(again, "skipped")) == 1
    other = karaoke("a.wav", "--skip-existing", "--json", "--guide=-12")
    assert len(events(other, "done")) == 1


def test_names(here: Path) -> None:
    write_sound(here / "a.wav")
    assert karaoke("a.wav", "--name", "{track}/{model} {stem}.{ext}", "-o", "out").exit_code == 0
    assert listing(here / "out" / "a") == ["fake Karaoke.wav"]
    assert karaoke("a.wav", "--name", "{trak}.{ext}").exit_code == 2


def test_one_bad_song_does_not_stop_the_others(here: Path) -> None:
    write_sound(here / "a.wav")
    (here / "b.wav").write_text("words")
    write_sound(here / "c (Instrumental).wav")
    result = karaoke("a.wav", "b.wav", "c (Instrumental).wav", "--json")
    assert result.exit_code == 1
    assert len(events(result, "error")) == 2
    assert listing(here / "karaoke") == ["a (Karaoke).wav"]


def test_nobody_sings(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_network(monkeypatch, IdentitySeparator(gain=0.0, chunk_samples=8192))
    write_sound(here / "a.wav")
    result = karaoke("a.wav")
    assert result.exit_code == 1
    assert "no voice in it" in result.stderr
    assert listing(here) == ["a.wav"]
    assert karaoke("a.wav", "--force").exit_code == 0
    np.testing.assert_array_equal(read(here / "karaoke" / "a (Karaoke).wav"), read(here / "a.wav"))


def test_two_songs_of_one_name_are_refused_before_any_work(here: Path) -> None:
    write_sound(here / "x" / "a.wav")
    write_sound(here / "y" / "a.wav")
    result = karaoke("x/a.wav", "y/a.wav")
    assert result.exit_code == 2
    assert "would both be written" in result.stderr
    assert listing(here) == ["x", "y"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["gone.mp3"], "gone.mp3"),
        (["empty"], "no audio"),
        (["a.wav", "--format", "mp4"], "'mp4' is not one of"),
        (["a.wav", "--tempo", "10"], "50"),
    ],
)
def test_what_cannot_start(here: Path, arguments: list[str], words: str) -> None:
    write_sound(here / "a.wav")
    (here / "empty").mkdir()
    result = karaoke(*arguments)
    assert result.exit_code == 2
    assert words in result.output
    assert "Traceback" not in result.output
