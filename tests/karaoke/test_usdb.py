"""The provider of usdb_syncer, asked by a client written from the protocol's text."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.helpers.reading import read
from tests.karaoke.songs import listing, write_sound
from vocalsep import __version__
from vocalsep.karaoke.usdb import Provider, answer, serve


def ask(provider: Provider, method: str, **params: Any) -> dict[str, Any]:
    request = {"jsonrpc": "2.0", "method": method, "params": params, "id": 7}
    reply = answer(provider, json.dumps(request))
    assert reply is not None
    assert "\n" not in reply
    found = json.loads(reply)
    assert (found["jsonrpc"], found["id"]) == ("2.0", 7)
    return dict(found)


def test_what_it_says_of_itself() -> None:
    provider = Provider()
    assert ask(provider, "get_spec_version")["result"] == "1"
    assert ask(provider, "get_name")["result"] == "vocalsep"
    assert ask(provider, "get_version")["result"] == __version__
    assert ask(provider, "is_gpu_accelerated")["result"] in (True, False)
    models = ask(provider, "get_available_models")["result"]
    assert next(iter(models)) == "vocals"
    assert all(isinstance(label, str) for label in models.values())


def test_split(here: Path) -> None:
    song = write_sound(here / "Wé - So.wav")
    arguments = {"input_file": str(song), "output_dir": str(here / "out"), "model": "vocals"}
    result = ask(Provider(), "split", **arguments)["result"]
    assert listing(here / "out") == ["Wé - So [INSTR].wav", "Wé - So [VOC].wav"]
    vocals, rest = (read(Path(result[f"output_{name}"])) for name in ("vocals", "instrumental"))
    np.testing.assert_array_equal(vocals + rest, read(song))


def test_parameters_by_position(here: Path) -> None:
    song = write_sound(here / "so.wav")
    request = {"jsonrpc": "2.0", "method": "split", "params": [str(song), str(here), "vocals"]}
    reply = json.loads(answer(Provider(), json.dumps({**request, "id": 1})) or "")
    assert Path(reply["result"]["output_vocals"]).name == "so [VOC].wav"


@pytest.mark.parametrize(
    ("line", "code", "number"),
    [
        ("{", -32700, None),
        ("[]", -32600, None),
        ('{"method": "sing", "id": 1}', -32601, 1),
        ('{"method": "split", "params": {"model": "vocals"}, "id": "x"}', -32602, "x"),
        ('{"method": "get_name", "params": {"a": 1}, "id": 2}', -32602, 2),
    ],
)
def test_errors_have_their_codes(line: str, code: int, number: object) -> None:
    reply = json.loads(answer(Provider(), line) or "")
    assert reply["error"]["code"] == code
    assert reply["id"] == number
    assert reply["error"]["message"]


def test_failures_are_one_line_and_not_the_end(here: Path) -> None:
    provider = Provider()
    arguments = {"input_file": "gone.mp3", "output_dir": str(here), "model": "vocals"}
    error = ask(provider, "split", **arguments)["error"]
    assert error["code"] == -32000
    assert "gone.mp3" in error["message"]
    assert (
        "unknown model"
        in ask(provider, "split", **{**arguments, "model": "no"})["error"]["message"]
    )
    assert ask(provider, "get_name")["result"] == "vocalsep"
    assert listing(here) == []


def test_exit_ends_it_and_notifications_get_no_answer() -> None:
    lines = [
        '{"method": "get_name"}',
        "",
        '{"method": "exit", "id": 1}',
        '{"method": "no", "id": 2}',
    ]
    sink = io.StringIO()
    serve(io.StringIO("\n".join(lines)), sink)
    assert [json.loads(line) for line in sink.getvalue().splitlines()] == [
        {"jsonrpc": "2.0", "result": None, "id": 1}
    ]


def test_the_program(here: Path) -> None:
    """Started without arguments; nothing but answers on standard output."""
    lines = [
        {"jsonrpc": "2.0", "method": name, "id": n} for n, name in enumerate(("get_name", "exit"))
    ]
    done = subprocess.run(
        [sys.executable, "-c", "from vocalsep.karaoke.usdb import main; print('chatter'); main()"],
        input="".join(json.dumps(line) + "\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines() if line != "chatter"]
    assert [each["result"] for each in answers] == ["vocalsep", None]
