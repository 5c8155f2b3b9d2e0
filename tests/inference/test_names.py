"""Name templates: every field, every way to get one wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from vocalsep.errors import PlanError
from vocalsep.inference.names import Source, check_template, output_path
from vocalsep.inference.options import DEFAULT_TEMPLATE

VALUES = {"stem": "vocals", "ext": "wav", "model": "m"}


def path(template: str, source: str, folder: str = "") -> str:
    found = output_path(Path("out"), template, Source(Path(source), Path(folder)), VALUES)
    return found.as_posix()


def test_the_default_makes_a_folder_per_track() -> None:
    assert path(DEFAULT_TEMPLATE, "music/song.mp3") == "out/song/vocals.wav"


def test_the_default_mirrors_folders() -> None:
    found = path(DEFAULT_TEMPLATE, "music/a/b/song.mp3", "a/b")
    assert found == "out/a/b/song/vocals.wav"


def test_stems_beside_the_source(tmp_path: Path) -> None:
    found = path("{source_dir}/{track} ({stem}).{ext}", f"{tmp_path}/song.mp3")
    assert found == f"{tmp_path.as_posix()}/song (vocals).wav"


def test_all_fields() -> None:
    found = path("{model}-{track}.{source_ext}-{stem}.{ext}", "x/song.v2.flac")
    assert found == "out/m-song.v2.flac-vocals.wav"


@pytest.mark.parametrize("name", ["🎤 歌.mp3", "-rf.mp3", " a b .mp3", "{stem}.mp3", "%s.mp3"])
def test_any_legal_track_name(name: str) -> None:
    assert path(DEFAULT_TEMPLATE, name) == f"out/{Path(name).stem}/vocals.wav"


@pytest.mark.parametrize("name", ["...wav", "..wav"])
def test_dots_do_not_leave_the_output_folder(name: str) -> None:
    assert ".." not in Path(path(DEFAULT_TEMPLATE, name)).parts


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{trak}/{stem}.{ext}", "did you mean 'track'"),
        ("{track/{stem}.{ext}", "name template"),
        ("{track.__class__}/{stem}.{ext}", "no field"),
        ("{track:>99999}/{stem}.{ext}", "without ':'"),
        ("{track!r}/{stem}.{ext}", "without ':'"),
        ("{track}.{ext}", "add {stem}"),
        ("{track}/{stem}", "end in .{ext}"),
        ("{}/{stem}.{ext}", "no field"),
    ],
)
def test_wrong_templates_are_refused(template: str, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        check_template(template, n_stems=2)


def test_one_stem_needs_no_stem_field() -> None:
    check_template("{track}.{ext}", n_stems=1)
