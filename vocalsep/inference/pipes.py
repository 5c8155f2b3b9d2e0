"""Standard input and output as binary streams that a cancel token can interrupt.

A plain read waits for the other program however long it stalls, and a signal does not wake it
unless it raises. These streams wait for the pipe in short turns and look at the token between.
"""

from __future__ import annotations

import io
import os
import select
import sys
from typing import BinaryIO, TextIO, cast

from vocalsep.errors import PlanError
from vocalsep.inference.cancel import CancelToken

_TURN_S = 0.2
# A pipe that is ready takes at least so many bytes without waiting (POSIX: PIPE_BUF ≥ 512).
_PIPE_BYTES = getattr(select, "PIPE_BUF", 512)
# Windows can wait for sockets only; there a stalled pipe is left when the other side ends.
_CAN_WAIT = os.name == "posix"


class _PipeInput(io.RawIOBase):
    def __init__(self, descriptor: int, cancel: CancelToken) -> None:
        self._descriptor = descriptor
        self._cancel = cancel

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while _CAN_WAIT and not select.select([self._descriptor], [], [], _TURN_S)[0]:
            self._cancel.check()
        data = os.read(self._descriptor, len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _PipeOutput(io.RawIOBase):
    def __init__(self, descriptor: int, cancel: CancelToken) -> None:
        self._descriptor = descriptor
        self._cancel = cancel

    def writable(self) -> bool:
        return True

    def write(self, data: memoryview) -> int:  # type: ignore[override]
        while _CAN_WAIT and not select.select([], [self._descriptor], [], _TURN_S)[1]:
            self._cancel.check()
        return os.write(self._descriptor, data[:_PIPE_BYTES] if _CAN_WAIT else data)


def standard_input(cancel: CancelToken) -> BinaryIO:
    """Bytes from standard input; reading raises `Cancelled` when the token is set.

    Raises:
        PlanError: it is a terminal: nobody types audio.
    """
    if sys.stdin.isatty():
        raise PlanError("standard input is a terminal: pipe WAV or raw f32le audio into it")
    return cast(BinaryIO, io.BufferedReader(_PipeInput(_descriptor(sys.stdin), cancel), 1 << 16))


def standard_output(cancel: CancelToken) -> BinaryIO:
    """Bytes to standard output; writing raises `Cancelled` when the token is set.

    Raises:
        PlanError: it is a terminal: bytes of audio would garble it.
    """
    if sys.stdout.isatty():
        raise PlanError("standard output is a terminal: pipe or redirect it, or use -o FOLDER")
    return cast(BinaryIO, io.BufferedWriter(_PipeOutput(_descriptor(sys.stdout), cancel), 1 << 16))


def _descriptor(stream: TextIO) -> int:
    descriptor = stream.fileno()
    if os.name == "nt":
        import msvcrt

        msvcrt.setmode(descriptor, os.O_BINARY)  # type: ignore[attr-defined]
    return descriptor
