"""`vocalsep-usdb`: the separator of usdb_syncer (stem-separation provider protocol, version 1).

Protocol: SPEC.md of github.com/bohning/usdb_syncer_separation. The syncer starts the program
without arguments and talks JSON-RPC 2.0 (jsonrpc.org/specification), one message a line; standard
output holds answers only, so everything else that prints goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

from vocalsep import __version__
from vocalsep.errors import ModelError, VocalsepError

_PARSE_ERROR, _INVALID_REQUEST, _NO_METHOD, _BAD_PARAMETERS = -32700, -32600, -32601, -32602
_FAILED, _INTERNAL = -32000, -32603


class RpcError(Exception):
    """A call that cannot be answered.

    Args:
        code: of JSON-RPC.
        message: one line.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Provider:
    """The methods of the protocol; a model is loaded when it is first used, and kept."""

    def __init__(self) -> None:
        self.is_done = False
        self._loaded: dict[str, Any] = {}

    @property
    def methods(self) -> Mapping[str, Callable[..., Any]]:
        """Name → what answers it."""
        return {
            "get_spec_version": lambda: "1",
            "get_name": lambda: "vocalsep",
            "get_version": lambda: __version__,
            "is_gpu_accelerated": self._has_gpu,
            "get_available_models": self._models,
            "split": self._split,
            "exit": self._exit,
        }

    def _has_gpu(self) -> bool:
        from vocalsep.inference.devices import choose_device

        return choose_device("auto").device.type != "cpu"

    def _models(self) -> dict[str, str]:
        """Name → label, the default first."""
        from vocalsep.models.catalogue import model_names, read_index

        speeds = {name: read_index()[name].get("speed") for name in model_names()}
        ordered = sorted(speeds, key=lambda name: (name != "vocals", name))
        labels = {name: f"vocalsep {name}" for name in ordered}
        return {
            name: label + (f" ({speeds[name]:.0f} × real time)" if speeds[name] else "")
            for name, label in labels.items()
        }

    def _split(self, input_file: str, output_dir: str, model: str) -> dict[str, str]:
        from vocalsep.karaoke.pair import INSTRUMENTAL, VOCALS, make_pair

        source, folder = Path(input_file), Path(output_dir)
        # The syncer converts them to the user's format, so they lose nothing here.
        names = {VOCALS: "[VOC]", INSTRUMENTAL: "[INSTR]"}
        outputs = {stem: folder / f"{source.stem} {mark}.wav" for stem, mark in names.items()}
        result = make_pair(source, outputs, "wav", self._separator(model))
        return {f"output_{stem}": str(path.resolve()) for stem, path in result.outputs.items()}

    def _separator(self, model: str) -> Any:
        from vocalsep.inference.separator import Separator

        if model not in self._models():
            raise ModelError(f"unknown model {model!r}: expected {', '.join(self._models())}")
        if model not in self._loaded:
            self._loaded = {model: Separator.from_pretrained(model)}
        return self._loaded[model]

    def _exit(self) -> None:
        self.is_done = True


def answer(provider: Provider, line: str) -> str | None:
    """The answer to one message; None for notifications, which want none."""
    number: Any = None
    try:
        request = _parsed(line)
        number = request.get("id")
        result = _call(provider, request)
    except RpcError as error:
        if number is None and error.code not in (_PARSE_ERROR, _INVALID_REQUEST):
            return None
        failure = {"code": error.code, "message": str(error)}
        return json.dumps({"jsonrpc": "2.0", "error": failure, "id": number})
    if "id" not in request:
        return None
    return json.dumps({"jsonrpc": "2.0", "result": result, "id": number})


def _parsed(line: str) -> dict[str, Any]:
    try:
        request = json.loads(line)
    except ValueError:
        raise RpcError(_PARSE_ERROR, "not JSON") from None
    if not isinstance(request, dict) or not isinstance(request.get("method"), str):
        raise RpcError(_INVALID_REQUEST, "expected an object with a method")
    return request


def _call(provider: Provider, request: dict[str, Any]) -> Any:
    method = provider.methods.get(request["method"])
    if method is None:
        known = ", ".join(provider.methods)
        raise RpcError(_NO_METHOD, f"unknown method {request['method']!r}: expected {known}")
    parameters = request.get("params") or {}
    wanted = ("input_file", "output_dir", "model") if request["method"] == "split" else ()
    if isinstance(parameters, list) and len(parameters) == len(wanted):
        parameters = dict(zip(wanted, parameters, strict=True))
    is_right = isinstance(parameters, dict) and set(parameters) == set(wanted)
    if not is_right or not all(isinstance(value, str) for value in parameters.values()):
        raise RpcError(_BAD_PARAMETERS, f"expected the texts {', '.join(wanted) or 'nothing'}")
    try:
        return method(**parameters)
    except VocalsepError as error:
        raise RpcError(_FAILED, str(error)) from error
    except Exception as error:  # the syncer has more songs
        message = " ".join(f"{type(error).__name__}: {error}".split())
        raise RpcError(_INTERNAL, message) from error


def serve(source: TextIO, sink: TextIO) -> None:
    """Answer until "exit" or the end of the input."""
    provider = Provider()
    for line in source:
        if line.strip():
            reply = answer(provider, line)
            if reply is not None:
                sink.write(reply + "\n")
                sink.flush()
        if provider.is_done:
            return


def main() -> None:
    """The console script."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", newline="\n")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints
    with open(sys.stdin.fileno(), encoding="utf-8", closefd=False) as questions, answers:
        serve(questions, answers)
