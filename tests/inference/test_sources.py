"""Which files a command takes: order, folders, no file twice, none of our own outputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from vocalsep.inference.manifest import MANIFEST_NAME, Entry, add_entry
from vocalsep.inference.sources import find_sources


@pytest.fixture
def music(tmp_path: Path) -> Path:
    for name in ("b.mp3", "a.WAV", "notes.txt", "._a.wav", "deep/c.flac", "deep/er/d.opus"):
        path = tmp_path / "music" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "music"


def names(inputs: list[Path], recursive: bool = False, output: str = "separated") -> list[str]:
    sources, failures = find_sources(tuple(map(str, inputs)), recursive, Path(output))
    assert not failures
    return [source.path.name for source in sources]


def test_files_keep_their_order_and_any_suffix(music: Path) -> None:
    assert names([music / "notes.txt", music / "b.mp3"]) == ["notes.txt", "b.mp3"]


def test_a_folder_gives_its_own_audio_sorted(music: Path) -> None:
    assert names([music]) == ["a.WAV", "b.mp3"]


def test_recursive_goes_down_and_remembers_the_folders(music: Path) -> None:
    sources, _ = find_sources((str(music),), True, Path("separated"))
    folders = {source.path.name: source.folder.as_posix() for source in sources}
    assert folders == {"a.WAV": ".", "b.mp3": ".", "c.flac": "deep", "d.opus": "deep/er"}


def test_nothing_is_taken_twice(music: Path) -> None:
    assert names([music, music / "b.mp3", music / "deep" / ".." / "b.mp3"]) == ["a.WAV", "b.mp3"]


def test_the_output_folder_is_left_out(music: Path) -> None:
    assert "c.flac" not in names([music], recursive=True, output=str(music / "deep"))


def test_stems_beside_their_sources_are_left_out(music: Path) -> None:
    entry = Entry("b.mp3", "0", "m", "0", {}, 1.0, {"vocals": "a.WAV"})
    add_entry(music / MANIFEST_NAME, entry)
    assert names([music]) == ["b.mp3"]


def test_a_folder_without_audio_is_a_failure_of_its_own(music: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    sources, failures = find_sources((str(tmp_path / "empty"), str(music)), False, Path("out"))
    assert len(sources) == 2
    assert "no audio in this folder; --recursive" in str(failures[0].error)


def test_a_missing_file_is_left_for_the_reader_to_explain(tmp_path: Path) -> None:
    assert names([tmp_path / "missing.wav"]) == ["missing.wav"]
