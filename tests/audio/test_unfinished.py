"""Hidden names: what a dead maker left is removed, what a living one makes never is."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from vocalsep.audio import unfinished
from vocalsep.audio.unfinished import TEMPORARY_PREFIX, UnfinishedName, remove_leftovers

ROOT = Path(__file__).parents[2]

MAKER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from vocalsep.audio.unfinished import UnfinishedName
name = UnfinishedName(Path(sys.argv[2]))
name.path(".wav").write_bytes(b"half")
name.path("").mkdir()
(name.path("") / "inside").touch()
print("made", flush=True)
sys.stdin.read()
"""


def start_maker(folder: Path) -> subprocess.Popen[bytes]:
    """Another process that has begun something in `folder` and goes on until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", MAKER, str(ROOT), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stdout.readline() == b"made\n"
    return process


def test_leftovers_of_the_dead_go_and_the_work_of_the_living_stays(tmp_path: Path) -> None:
    (tmp_path / "song.wav").touch()
    (tmp_path / ".vocalsep.json").touch()
    (tmp_path / ".vocalsep-0123456789ab.wav").touch()  # of a maker without locks: who knows
    before = set(tmp_path.iterdir())
    with start_maker(tmp_path) as process:
        made = set(tmp_path.iterdir()) - before
        assert {path.suffix for path in made} == {"", ".wav", ".lock"}
        remove_leftovers(tmp_path)
        assert set(tmp_path.iterdir()) == before | made
        process.kill()
        process.communicate()
    remove_leftovers(tmp_path)
    assert set(tmp_path.iterdir()) == before


def test_our_own_work_is_not_taken_for_a_leftover(tmp_path: Path) -> None:
    with closing(UnfinishedName(tmp_path)) as name:
        name.path(".wav").touch()
        before = set(tmp_path.iterdir())
        remove_leftovers(tmp_path)
        assert set(tmp_path.iterdir()) == before
    assert list(tmp_path.iterdir()) == []


def test_closing_keeps_what_has_its_final_name(tmp_path: Path) -> None:
    name = UnfinishedName(tmp_path)
    kept, lost = name.path(".wav"), name.path(".flac")
    assert kept.name.startswith(TEMPORARY_PREFIX)
    for path in (kept, lost):
        path.touch()
    os.replace(kept, tmp_path / "stem.wav")
    for _ in range(2):
        name.close()
        assert [path.name for path in tmp_path.iterdir()] == ["stem.wav"]


@pytest.mark.skipif(os.name != "posix", reason="elsewhere an open file is locked from birth")
def test_a_newborn_lock_that_is_taken_for_a_leftover_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the birth of a lock and the hold on it, another run may come by."""
    hold, calls = unfinished._hold, []

    def late(descriptor: int) -> bool:
        calls.append(descriptor)
        if len(calls) == 1:
            remove_leftovers(tmp_path)  # takes it, removes it and lets go
        return hold(descriptor)

    monkeypatch.setattr(unfinished, "_hold", late)
    with closing(UnfinishedName(tmp_path)) as name:
        assert len(calls) == 2
        monkeypatch.undo()
        name.path(".wav").touch()
        remove_leftovers(tmp_path)
        assert name.path(".wav").exists()
        assert len(list(tmp_path.iterdir())) == 2  # the file and its lock


@pytest.mark.skipif(os.name != "posix", reason="elsewhere an open file is locked from birth")
def test_without_locks_nothing_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(unfinished.fcntl, "flock", refuse)
    name = UnfinishedName(tmp_path)
    name.path(".wav").touch()
    remove_leftovers(tmp_path)
    assert name.path(".wav").exists()
    name.close()
    assert list(tmp_path.iterdir()) == []


def test_many_runs_in_one_folder_keep_out_of_each_others_way(tmp_path: Path) -> None:
    lost: list[Path] = []

    def run() -> None:
        for _ in range(100):
            remove_leftovers(tmp_path)
            with closing(UnfinishedName(tmp_path)) as name:
                path = name.path(".wav")
                path.touch()
                remove_leftovers(tmp_path)
                if not path.exists():
                    lost.append(path)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lost == []
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_an_error_for_makers_only(tmp_path: Path) -> None:
    remove_leftovers(tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        UnfinishedName(tmp_path / "none")
