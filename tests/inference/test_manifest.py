"""The manifest: round trip, up-to-date rules, and damage that must not matter."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from vocalsep.errors import OutputError
from vocalsep.inference.manifest import (
    MANIFEST_NAME,
    Entry,
    add_entry,
    file_sha256,
    is_up_to_date,
    listed_outputs,
    read_manifest,
)

OPTIONS = {"format": "wav", "start_s": 0.0, "end_s": None}
ENTRY = Entry("a.mp3", "12", "vocals", "34", OPTIONS, 1.0, {"vocals": "v.wav", "rest": "r.wav"})


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    for name in ENTRY.outputs.values():
        (tmp_path / name).touch()
    add_entry(tmp_path / MANIFEST_NAME, ENTRY)
    return tmp_path / MANIFEST_NAME


def test_round_trip(manifest: Path) -> None:
    assert read_manifest(manifest) == [ENTRY]
    assert listed_outputs(manifest) == {"v.wav", "r.wav"}
    assert [p.name for p in manifest.parent.iterdir() if "tmp" in p.name] == []


def test_entries_of_other_outputs_stay(manifest: Path) -> None:
    other = replace(ENTRY, source="b.mp3", outputs={"vocals": "other.wav"})
    add_entry(manifest, other)
    newer = replace(ENTRY, input_sha256="99")
    add_entry(manifest, newer)
    assert sorted(read_manifest(manifest), key=lambda e: e.source) == [newer, other]


@pytest.mark.parametrize(
    "change",
    [
        {"input_sha256": "13"},
        {"model_sha256": "35"},
        {"options": {**OPTIONS, "format": "flac"}},
        {"outputs": {"vocals": "v.wav"}},
    ],
)
def test_any_change_makes_it_out_of_date(manifest: Path, change: dict[str, object]) -> None:
    assert is_up_to_date(manifest, ENTRY)
    assert not is_up_to_date(manifest, replace(ENTRY, **change))


def test_the_gain_is_a_result_and_not_a_wish(manifest: Path) -> None:
    assert is_up_to_date(manifest, replace(ENTRY, gain=0.5))


def test_a_missing_stem_makes_it_out_of_date(manifest: Path) -> None:
    (manifest.parent / "r.wav").unlink()
    assert not is_up_to_date(manifest, ENTRY)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "7", '{"vocalsep.manifest": 2, "songs": []}', '{"vocalsep.manifest": 1}',
     '{"vocalsep.manifest": 1, "songs": [{"source": 1}]}', "\udcff",
     '{"vocalsep.manifest": 1, "songs": [{"source": "", "input_sha256": "", "model": "", '
     '"model_sha256": "", "options": {}, "gain": 1, "outputs": 3}]}'],
)  # fmt: skip
def test_damage_counts_as_empty(tmp_path: Path, content: str) -> None:
    path = tmp_path / MANIFEST_NAME
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert read_manifest(path) == []
    add_entry(path, ENTRY)
    assert read_manifest(path) == [ENTRY]


def test_a_place_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        add_entry(tmp_path / "missing" / MANIFEST_NAME, ENTRY)


def test_hash_of_more_than_one_block(tmp_path: Path) -> None:
    data = bytes(range(256)) * 10000
    (tmp_path / "x").write_bytes(data)
    assert file_sha256(tmp_path / "x") == hashlib.sha256(data).hexdigest()
