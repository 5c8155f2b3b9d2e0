"""`vocalsep live` in pipes at the pace of the music: when an impulse comes out, by the clock."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from typing import IO, Any

import numpy as np

from vocalsep.bench.jobs import Setting
from vocalsep.bench.song import SAMPLE_RATE, song_block
from vocalsep.errors import VocalsepError

N_IMPULSES = 8
_BLOCK = SAMPLE_RATE // 100  # samples at a time, as sound servers give them
_MUSIC_GAIN = 0.1  # the impulses stand out of the music
_HEARD = 0.5


def measure_live(setting: Setting, latency: str) -> dict[str, float]:
    """Play music with one impulse a second, once the network is ready.

    Args:
        setting: model, quality, device and threads.
        latency: a setting of `vocalsep live`.

    Returns:
        delay_s: the longest time between the writing of an impulse and the reading of it;
        load: computing time over real time; late_s: music that kept its voice, since the network
        was too slow.

    Raises:
        VocalsepError: the program ended, or said nothing that is expected.
    """
    words = ["live", "--json", "--latency", latency, "-m", setting.model]
    words += ["--mix", "0"]  # both stems: an impulse comes out whole, whatever they are called
    words += ["--quality", setting.quality, "--device", setting.device]
    if setting.threads is not None:
        words += ["--threads", str(setting.threads)]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-m", "vocalsep", *words], bufsize=0, stdin=pipe, stdout=pipe, stderr=pipe
    ) as process:
        assert process.stdin and process.stdout and process.stderr
        ear = _Ear(process.stdout, process.stderr)
        try:
            sent = _play(process.stdin, ear.ready)
            process.stdin.close()
        except BrokenPipeError:
            sent = []
        ear.join()
    if ear.last.get("event") != "finished" or len(ear.heard) != len(sent):
        raise VocalsepError(f"measuring failed: {ear.last.get('message', 'impulses are missing')}")
    delays = [heard - begin for begin, heard in zip(sent, ear.heard, strict=True)]
    late_s = ear.last["late"] / SAMPLE_RATE
    return {"delay_s": max(delays), "load": ear.last["load"], "late_s": late_s}


class _Ear:
    """Listens to both outputs of the program.

    Attributes:
        ready: set when the network is.
        heard: when each impulse was read (s).
        last: the last event.
    """

    def __init__(self, sound: IO[bytes], events: IO[bytes]) -> None:
        self.ready = threading.Event()
        self.heard: list[float] = []
        self.last: dict[str, Any] = {}
        self._threads = [
            threading.Thread(target=self._listen, args=(sound,), daemon=True),
            threading.Thread(target=self._read, args=(events,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait for the end of both."""
        for thread in self._threads:
            thread.join()

    def _listen(self, sound: IO[bytes]) -> None:
        rest = b""
        while data := sound.read(1 << 16):
            now = time.monotonic()
            data = rest + data
            n_bytes = len(data) - len(data) % 4
            rest = data[n_bytes:]
            loud = np.abs(np.frombuffer(data[:n_bytes], "<f4")) > _HEARD
            self.heard += [now] * int(loud.any())

    def _read(self, events: IO[bytes]) -> None:
        for line in events:
            try:
                self.last = json.loads(line)
            except ValueError:  # a traceback
                self.last = {"message": line.decode("utf-8", "replace").strip()}
            if self.last.get("event") == "ready":
                self.ready.set()


def _play(sink: IO[bytes], ready: threading.Event) -> list[float]:
    """Write music at its pace, from now until the last impulse must have come out.

    Returns:
        When each impulse was written (s).
    """
    music = (_MUSIC_GAIN / 2**15 * song_block()).astype("<f4")
    blocks = music[: len(music) // _BLOCK * _BLOCK].reshape(-1, _BLOCK, 2)
    sent: list[float] = []
    begin, number, next_impulse, end = time.monotonic(), 0, None, None
    while end is None or number < end:
        if next_impulse is None and ready.is_set():
            next_impulse = number + 300  # 3 s: until then the first windows are short
            end = next_impulse + 100 * N_IMPULSES + 200
        block = blocks[number % len(blocks)].copy()
        time.sleep(max(begin + number * _BLOCK / SAMPLE_RATE - time.monotonic(), 0.0))
        if number == next_impulse and len(sent) < N_IMPULSES:
            block[0] = 1.0
            next_impulse += 100
            sent.append(time.monotonic())
        sink.write(block.tobytes())
        number += 1
    return sent
