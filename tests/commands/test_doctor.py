"""`vocalsep doctor` names what is there, what is broken and the cure."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator

import av
import pytest
from click.testing import CliRunner

from vocalsep.cli import cli
from vocalsep.commands import _checks
from vocalsep.commands._checks import Check
from vocalsep.errors import ModelError


@pytest.fixture
def sound_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Doctor's own logic is tested whatever models this checkout holds."""
    monkeypatch.setattr(_checks, "model", lambda: "vocals: fine")


def found(checks: Iterator[Check] | list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


@pytest.mark.usefixtures("sound_model")
def test_all_is_well_here() -> None:
    result = CliRunner().invoke(cli, ["doctor"])
    assert result.exit_code == 0, result.output
    for name in ("torch", "libsndfile", "FFmpeg", "device", "cpu", "model", "temporary files"):
        assert f"ok  {name}" in result.output


@pytest.mark.usefixtures("sound_model")
def test_json_holds_every_check() -> None:
    result = CliRunner().invoke(cli, ["doctor", "--json"])
    names = {check["name"] for check in json.loads(result.output)}
    assert {"vocalsep", "python", "numpy", "soundfile", "libsoxr", "cpu"} <= names


def test_the_packages_are_those_of_the_metadata() -> None:
    names = found(_checks.packages())
    assert {"torch", "numpy", "soundfile", "av", "soxr", "click", "mutagen"} <= set(names)
    assert "pytest" not in names
    assert all(check.ok for check in names.values())


def test_a_missing_package_gets_its_pip_line() -> None:
    check = _checks.package_version("no-such-package-of-ours")
    assert not check.ok
    assert check.fix == "python -m pip install no-such-package-of-ours"


def test_a_broken_model_fails_the_doctor_with_a_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged() -> str:
        raise ModelError("vocals has another sha256")

    monkeypatch.setattr(_checks, "model", damaged)
    result = CliRunner().invoke(cli, ["doctor"])
    assert result.exit_code == 1
    assert "!!  model" in result.output
    assert "model: to fix it" in result.output


def test_a_broken_library_is_a_finding_not_a_crash() -> None:
    def broken() -> str:
        raise OSError("libsndfile.so: cannot open shared object file")

    check = _checks.guarded("libsndfile", broken, "reinstall it")
    assert check == Check(
        "libsndfile",
        "OSError: libsndfile.so: cannot open shared object file",
        False,
        "reinstall it",
    )


def test_missing_encoders_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(av, "codecs_available", {"aac", "alac", "libopus"})
    with pytest.raises(RuntimeError, match="libmp3lame"):
        _checks.ffmpeg_libraries()


def test_an_unwritable_temporary_folder_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    check = _checks.temporary_folder()
    assert not check.ok
    assert "TMPDIR" in str(check.fix)


def test_a_missing_ffmpeg_program_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_checks.shutil, "which", lambda name: None)
    check = _checks.ffmpeg_program()
    assert check.ok
    assert check.fix is not None
