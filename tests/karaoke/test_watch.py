"""A watched folder: complete files only, each once, failures put aside, one watch at a time."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.fake_models import identity_separator
from tests.helpers.reading import lag, read
from tests.karaoke.songs import listing, write_sound
from vocalsep.errors import PlanError
from vocalsep.inference.cancel import CancelToken
from vocalsep.inference.report import JsonReporter
from vocalsep.karaoke import openhomekaraoke
from vocalsep.karaoke import watch as watch_module
from vocalsep.karaoke.folder_lock import LOCK_NAME
from vocalsep.karaoke.layouts import LAYOUTS
from vocalsep.karaoke.watch import STATE_NAME, Watch


class Told(JsonReporter):
    """Keeps what it is told."""

    def __init__(self) -> None:
        super().__init__(sys.stdout)
        self.events: list[str] = []

    def _send(self, event: str, facts: dict[str, Any]) -> None:
        if event not in ("planned", "progress"):
            self.events.append(event)


@pytest.fixture(autouse=True)
def no_player(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openhomekaraoke, "PLAYER_URL", "http://localhost:1")


@pytest.fixture
def folder(here: Path) -> Path:
    (here / "songs").mkdir()
    return here / "songs"


def watched(folder: Path, layout: str = "plain", settle_s: float = 0.0) -> Watch:
    return Watch(folder, LAYOUTS.get(layout)(), identity_separator(0.5, 8192), settle_s)


def run_once(folder: Path, layout: str = "plain") -> list[str]:
    """What a watch tells that comes, works and goes."""
    watch, told = watched(folder, layout), Told()
    watch.run(told, CancelToken(), every_s=0.1, once=True)
    watch.close()
    return told.events


def contents(folder: Path) -> list[str]:
    return [name for name in listing(folder) if name not in (STATE_NAME, LOCK_NAME)]


def test_plain(folder: Path) -> None:
    write_sound(folder / "a.wav")
    write_sound(folder / "b.mp3")
    (folder / "b.cdg").write_bytes(bytes(24))
    (folder / "notes.txt").write_text("not a song")
    (folder / "coming.mp3").touch()  # is not waited for
    assert run_once(folder) == ["done", "done"]
    assert contents(folder / "karaoke") == ["a (Karaoke).wav", "b.zip"]


def test_a_restart_does_nothing_twice(folder: Path) -> None:
    write_sound(folder / "a.wav")
    assert run_once(folder) == ["done"]
    assert run_once(folder) == []
    (folder / STATE_NAME).unlink()
    assert run_once(folder) == ["skipped"]  # the manifest knows it too
    write_sound(folder / "a.wav", 30_000)
    assert run_once(folder) == ["done"]


def test_only_files_that_rest(folder: Path) -> None:
    watch = watched(folder, settle_s=3.0)
    song = write_sound(folder / "a.wav")
    assert watch.ready(100.0) == []
    assert watch.ready(102.0) == []
    write_sound(song, 30_000)  # it grows
    assert watch.ready(104.0) == []
    assert watch.ready(106.9) == []
    assert watch.ready(107.0) == [song]
    (folder / "empty.wav").touch()
    assert watch.ready(108.0) == [song]
    assert watch.ready(120.0) == [song]
    watch.close()


def test_all_parts_of_a_song_must_rest(folder: Path) -> None:
    watch = watched(folder, "ultrastar", settle_s=3.0)
    text = folder / "so.txt"
    text.write_text("#TITLE:So\n#MP3:so.wav\n: 0 1 1 la\nE\n")
    assert watch.ready(100.0) == []
    write_sound(folder / "so.wav")  # comes later
    assert watch.ready(103.0) == []
    assert watch.ready(106.0) == [text]
    watch.close()


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(watch_module, "RETRY_AFTER_S", (0.01, 0.01))
    yield


@pytest.mark.usefixtures("no_patience")
def test_failures_are_tried_again_and_then_left_alone(folder: Path) -> None:
    (folder / "bad.wav").write_text("words")
    write_sound(folder / "good.wav")
    watch, told = watched(folder), Told()
    for now in (0.0, 1e12, 2e12, 3e12, 4e12):
        for path in watch.ready(now):
            watch._work(path, told, CancelToken())
    watch.close()
    assert told.events.count("error") == 3
    assert told.events.count("done") == 1
    assert told.events.count("warning") == 1  # gave up
    fate = json.loads((folder / STATE_NAME).read_text())["songs"]["bad.wav"]
    assert "bad.wav" in fate["reason"]
    assert run_once(folder) == []  # also after a restart
    write_sound(folder / "bad.wav")
    assert run_once(folder) == ["done"]


def test_ultrastar(folder: Path) -> None:
    for name in ("one", "two"):
        write_sound(folder / name / "so.ogg")
        text = "#TITLE:So\n#MP3:so.ogg\n: 0 1 1 la\nE\n"
        (folder / name / "so.txt").write_text(text)
    assert run_once(folder, "ultrastar") == ["done", "done"]
    assert "#VOCALS:so [VOC].ogg" in (folder / "one" / "so.txt").read_text()
    assert run_once(folder, "ultrastar") == []


def test_openhomekaraoke(folder: Path) -> None:
    song = write_sound(folder / "So---abc.mp3")
    assert run_once(folder, "openhomekaraoke") == ["done"]  # no player answers
    for place in ("vocal", "nonvocal"):
        assert contents(folder / place) == ["So---abc.mp3.m4a"]
        assert lag(read(folder / place / "So---abc.mp3.m4a"), read(song)) == 0
    assert run_once(folder, "openhomekaraoke") == []


def test_what_the_player_wants_next_comes_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A player as OpenHomeKaraoke's app.py answers; a song is queued while another is worked on."""
    names = ["a.wav", "b é.wav", "c.wav", "d.wav"]
    queues = iter([["c.wav", "gone.wav"], ["b é.wav", "d.wav"], [], []])
    asked: list[str] = []

    class Player(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/get_vocal_todo_list/cpu"
            asked.append(self.headers["last_completed"].encode("latin-1").decode())
            queue = [str(folder / name) for name in next(queues)]
            self.send_response(200)
            self.end_headers()
            reply = {"download_path": f"{folder}/", "queue": queue, "use_DNN": True}
            self.wfile.write(json.dumps(reply).encode())

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    for name in names:
        write_sound(folder / name, 4000)
    with HTTPServer(("localhost", 0), Player) as player:
        monkeypatch.setattr(openhomekaraoke, "PLAYER_URL", f"http://localhost:{player.server_port}")
        threading.Thread(target=player.serve_forever, args=(0.01,), daemon=True).start()
        assert run_once(folder, "openhomekaraoke") == ["done"] * 4
        player.shutdown()
    assert asked == ["", "c.wav", "b é.wav", "a.wav"]


@pytest.mark.parametrize("reply", [b"", b"[]", b'{"queue": 3}', b"no JSON"])
def test_another_program_on_the_players_port(reply: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n" + reply if reply else b"bye\r\n")

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    with HTTPServer(("localhost", 0), Other) as player:
        url = f"http://localhost:{player.server_port}"
        monkeypatch.setattr(openhomekaraoke, "PLAYER_URL", url)
        threading.Thread(target=player.handle_request, daemon=True).start()
        assert openhomekaraoke.playing_next("so.mp3\n") == []
        assert openhomekaraoke.playing_next("so.mp3") == []


def test_one_watch_a_folder(folder: Path) -> None:
    watch = watched(folder)
    with pytest.raises(PlanError, match="another vocalsep watches"):
        watched(folder)
    watch.close()
    watched(folder).close()


def test_a_killed_watch_lets_go(folder: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path\n"
        "from vocalsep.karaoke.folder_lock import lock_folder\n"
        "lock_folder(Path(sys.argv[1])); os._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], check=False, timeout=60)
    assert done.returncode == 9
    watched(folder).close()


def test_a_damaged_memory_is_no_memory(folder: Path) -> None:
    write_sound(folder / "a.wav")
    (folder / STATE_NAME).write_text('{"songs": {"a.wav": 3}}')
    assert run_once(folder) == ["done"]


def test_a_stop_leaves_the_song_for_the_next_run(folder: Path) -> None:
    write_sound(folder / "a.wav")
    cancel, told = CancelToken(), Told()
    watch = watched(folder)
    (path,) = watch.ready(0.0)
    cancel.cancel()
    watch._work(path, told, cancel)
    watch.close()
    assert told.events == []
    assert not (folder / "karaoke").exists()
    assert run_once(folder) == ["done"]


def test_a_song_that_goes_away(folder: Path) -> None:
    write_sound(folder / "a.wav")
    watch, told = watched(folder), Told()
    (path,) = watch.ready(0.0)
    shutil.move(path, folder.parent)
    watch._work(path, told, CancelToken())
    watch.close()
    assert told.events == []


def test_not_a_folder(here: Path) -> None:
    with pytest.raises(PlanError, match="not a folder"):
        watched(here / "gone")
