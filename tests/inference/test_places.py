"""Output places: collisions, inputs, case, lengths, permissions, all before any work."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from vocalsep.errors import PlanError
from vocalsep.inference import places as places_module
from vocalsep.inference.places import Places


def test_distinct_places_are_fine_and_nothing_is_created(tmp_path: Path) -> None:
    places = Places([])
    places.claim(tmp_path / "new" / "a.wav", "a")
    places.claim(tmp_path / "new" / "b.wav", "b")
    places.check_nesting()
    assert list(tmp_path.iterdir()) == []


def test_two_owners_of_one_place(tmp_path: Path) -> None:
    places = Places([])
    places.claim(tmp_path / "x.wav", "a/x.mp3")
    with pytest.raises(PlanError, match=r"b/x\.mp3 and a/x\.mp3 would both"):
        places.claim(tmp_path / "sub" / ".." / "x.wav", "b/x.mp3")


@pytest.mark.parametrize(("ignores_case", "collides"), [(True, True), (False, False)])
def test_case_and_normal_form_count_where_the_file_system_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ignores_case: bool, collides: bool
) -> None:
    monkeypatch.setattr(places_module, "_probe", lambda folder: ignores_case)
    places = Places([])
    places.claim(tmp_path / "Café.wav", "a")
    for twin in ("CAFÉ.wav", "Cafe\u0301.wav"):
        if collides:
            with pytest.raises(PlanError, match="would both"):
                places.claim(tmp_path / twin, "b")
        else:
            places.claim(tmp_path / twin, "b")


def test_the_probe_tells_the_case_of_this_file_system(tmp_path: Path) -> None:
    (tmp_path / "lower").touch()
    assert places_module._probe(tmp_path) == (tmp_path / "LOWER").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["lower"]


def test_an_input_is_not_overwritten(tmp_path: Path) -> None:
    source = tmp_path / "song.wav"
    source.touch()
    with pytest.raises(PlanError, match="is an input"):
        Places([source]).claim(tmp_path / "song.wav", "song")


def test_an_input_is_not_overwritten_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "music").mkdir()
    source = tmp_path / "music" / "song.wav"
    source.touch()
    (tmp_path / "link").symlink_to("music")
    with pytest.raises(PlanError, match="is an input"):
        Places([source]).claim(tmp_path / "link" / "song.wav", "song")


@pytest.mark.parametrize("name", ["x" * 256, "歌" * 86])
def test_names_too_long_for_a_file_system(tmp_path: Path, name: str) -> None:
    with pytest.raises(PlanError, match="bytes"):
        Places([]).claim(tmp_path / name / "a.wav", "a")


def test_a_name_of_255_bytes_is_fine(tmp_path: Path) -> None:
    Places([]).claim(tmp_path / ("歌" * 85) / "a.wav", "a")


def test_a_file_where_a_folder_is_needed(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(PlanError, match="is a file"):
        Places([]).claim(tmp_path / "out" / "a" / "a.wav", "a")


def test_a_folder_where_a_file_is_to_be(tmp_path: Path) -> None:
    (tmp_path / "a.wav").mkdir()
    with pytest.raises(PlanError, match="is a folder"):
        Places([]).claim(tmp_path / "a.wav", "a")


def test_an_output_that_is_the_folder_of_another(tmp_path: Path) -> None:
    places = Places([])
    places.claim(tmp_path / "a.wav" / "b.wav", "b")
    places.claim(tmp_path / "a.wav", "a")
    with pytest.raises(PlanError, match=r"a file .* and a folder"):
        places.check_nesting()


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc, where nobody can write")
def test_a_place_that_cannot_be_written() -> None:
    with pytest.raises(PlanError, match="cannot write there"):
        Places([]).claim(Path("/proc/vocalsep/a.wav"), "a")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="administrators may write")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PlanError, match="cannot write there"):
        Places([]).claim(tmp_path / "a.wav", "a")
