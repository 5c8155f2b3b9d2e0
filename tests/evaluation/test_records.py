"""Result files: round trip, museval reads them, damaged ones are done again."""

from __future__ import annotations

import json
import math
import warnings
from dataclasses import replace
from pathlib import Path

import pytest

from vocalsep.errors import DataError
from vocalsep.evaluation.records import (
    Record,
    file_name,
    fingerprint,
    finished,
    read_record,
    record_path,
    write_record,
)

FRAMES = {
    "SDR": [1.0, math.nan, 3.123456789],
    "ISR": [4.0, math.nan, math.inf],
    "SIR": [7.0, math.nan, -9.0],
    "SAR": [10.0, math.nan, 12.0],
}
RECORD = Record(
    method="net",
    track="A: song",
    fingerprint="f" * 24,
    length_s=3.25,
    frames={"vocals": FRAMES, "accompaniment": FRAMES},
    scores={"vocals": {"sdr": 5.0, "leakage": math.nan}, "accompaniment": {"sdr": 6.0}},
    silent=("drums",),
    notes=("cut",),
    settings={"quality": "best"},
)


def test_round_trip(tmp_path: Path) -> None:
    path = write_record(tmp_path, RECORD)
    assert path == record_path(tmp_path, "net", "A: song")
    assert path.name == "A_ song.json"
    again = read_record(path)
    assert again.frames["vocals"]["SDR"][::2] == [1.0, 3.12346]
    assert math.isnan(again.frames["vocals"]["ISR"][2])  # as museval writes infinity
    assert again.silent_windows("vocals") == 1
    plain = {"frames": {}, "scores": {}}
    assert replace(again, **plain) == replace(RECORD, **plain)
    assert [p.name for p in path.parent.iterdir()] == [path.name]  # no temporary is left


def test_museval_reads_the_folder(tmp_path: Path) -> None:
    museval = pytest.importorskip("museval")
    schema = json.loads((Path(museval.__file__).parent / "musdb.schema.json").read_text())
    for track in ("one", "two"):
        path = write_record(tmp_path, replace(RECORD, track=track))
        pytest.importorskip("jsonschema").validate(json.loads(path.read_text()), schema)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        store = museval.MethodStore()
        store.add_eval_dir(str(tmp_path / "net"))
        joined = store.agg_frames_tracks_scores()
    assert joined["net"]["vocals"]["SDR"] == pytest.approx((1.0 + 3.12346) / 2)
    assert joined["net"]["accompaniment"]["SIR"] == pytest.approx(-1.0)


def test_only_equal_fingerprints_count_as_finished(tmp_path: Path) -> None:
    path = write_record(tmp_path, RECORD)
    assert finished(tmp_path, "net", "A: song", "f" * 24) is not None
    assert finished(tmp_path, "net", "A: song", "e" * 24) is None
    assert finished(tmp_path, "net", "other", "f" * 24) is None
    path.write_text(path.read_text()[:100])
    assert finished(tmp_path, "net", "A: song", "f" * 24) is None
    with pytest.raises(DataError, match="evaluate again"):
        read_record(path)


def test_fingerprints_follow_the_facts() -> None:
    assert fingerprint({"a": 1, "b": "x"}) == fingerprint({"b": "x", "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})


@pytest.mark.parametrize("name", ["..", "", "a/b", "x?", "con\n"])
def test_names_become_files(name: str, tmp_path: Path) -> None:
    (tmp_path / file_name(name)).write_text("fine")
    assert "/" not in file_name(name)
