"""The live stream: constant delay, nothing lost that can be kept, everything lost is counted."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from tests.helpers.fake_models import identity_separator
from vocalsep.inference.options import RunOptions
from vocalsep.inference.separator import Separator
from vocalsep.karaoke.live import LiveReport, LiveStream, Mix, Pcm
from vocalsep.karaoke.live_run import LiveOptions, load_estimate
from vocalsep.karaoke.sliding import Estimate, Float32Array, HopGeometry

PCM = Pcm(8000, 2)
GEOMETRY = HopGeometry(hop=800, fade=80, ahead=160, window=4000)
VOICE = 0.5


class Paced(io.RawIOBase):
    """Gives PCM as a sound card does: a block when its time has come."""

    def __init__(self, audio: Float32Array, block: int, jitter_s: float = 0.0) -> None:
        self._data = PCM.encode(audio)
        self._block = block * PCM.frame_bytes
        self._jitter_s = jitter_s
        self._rng = np.random.default_rng(5)
        self._start = time.monotonic()
        self._position = 0

    def read1(self, n_bytes: int) -> bytes:
        due_s = self._position / PCM.frame_bytes / PCM.sample_rate
        due_s += self._rng.uniform(0, self._jitter_s)
        time.sleep(max(self._start + due_s - time.monotonic(), 0))
        part = self._data[self._position : self._position + self._block]
        self._position += len(part)
        return part


class Lockstep(io.RawIOBase):
    """Gives the next block when the network has done all that it can: no clock is involved."""

    def __init__(self, audio: Float32Array, block: int) -> None:
        self._data = io.BytesIO(PCM.encode(audio))
        self._block = block * PCM.frame_bytes
        self.progress = Progress()

    def read1(self, n_bytes: int) -> bytes:
        come_in = self._data.tell() // PCM.frame_bytes
        n_hops = max((come_in - GEOMETRY.fade - GEOMETRY.ahead) // GEOMETRY.hop, 0)
        assert self.progress.wait_for(n_hops)
        return self._data.read(self._block)


class Progress:
    """Knows how many hops are done."""

    def __init__(self) -> None:
        self._n_hops = -1  # not even ready
        self._changed = threading.Condition()

    def ready(self) -> None:
        self._advance()

    def hop(self, report: LiveReport) -> None:
        self._advance()

    def wait_for(self, n_hops: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._n_hops >= n_hops, timeout=30)

    def _advance(self) -> None:
        with self._changed:
            self._n_hops += 1
            self._changed.notify_all()


class Quick(io.BytesIO):
    """All at once, in odd pieces that cut samples."""

    def read1(self, n_bytes: int = -1) -> bytes:
        return self.read(1003)


def song(n_samples: int = 12_000) -> Float32Array:
    return (0.3 * np.random.default_rng(2).standard_normal((2, n_samples))).astype(np.float32)


def half(window: Float32Array) -> Float32Array:
    return VOICE * window


def run(
    source: Lockstep | Paced | Quick,
    load: Callable[[], Estimate] = lambda: half,
    mix: Mix = Mix(),  # noqa: B008
    sink: io.BytesIO | None = None,
) -> tuple[Float32Array, LiveReport]:
    stream = LiveStream(PCM, GEOMETRY, mix)
    out = io.BytesIO() if sink is None else sink
    listener = source.progress if isinstance(source, Lockstep) else Progress()
    stream.run(source, out, load, listener)  # type: ignore[arg-type]
    return PCM.decode(out.getvalue()), stream.report


@pytest.mark.parametrize("block", [80, 333, 1600])
def test_constant_delay(block: int) -> None:
    audio = song()
    made, report = run(Lockstep(audio, block))
    assert made.shape[1] == audio.shape[1] + GEOMETRY.delay
    assert not made[:, : GEOMETRY.delay].any()
    assert (report.n_dropped, report.lost) == (0, 0)
    heard, settled = made[:, GEOMETRY.delay :], GEOMETRY.fade
    if block <= GEOMETRY.hop:  # who gives more at once leaves the network no time
        assert report.late == 0
        np.testing.assert_allclose(heard[:, settled:], 0.5 * audio[:, settled:], atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("jitter_s", [0.0, 0.03])
def test_at_real_time_pace(jitter_s: float) -> None:
    audio = song()
    made, report = run(Paced(audio, 80, jitter_s))
    assert made.shape[1] == audio.shape[1] + GEOMETRY.delay
    assert (report.n_dropped, report.late, report.lost) == (0, 0, 0)
    heard, settled = made[:, GEOMETRY.delay :], 2 * GEOMETRY.hop  # until then nobody was ready
    np.testing.assert_allclose(heard[:, settled:], 0.5 * audio[:, settled:], atol=1e-6)


def test_mixes() -> None:
    audio = song(6000)
    for mix, gain in ((Mix(0.0, 1.0), VOICE), (Mix(1.0, 0.1), 0.5 + 0.1 * VOICE)):
        made, _ = run(Lockstep(audio, 400), mix=mix)
        tail = slice(-2000, None)
        np.testing.assert_allclose(made[:, tail], gain * audio[:, tail], atol=1e-6)


@pytest.mark.slow
def test_a_network_that_is_never_in_time() -> None:
    """Output goes on at its pace and place, with the voice; the lateness is counted."""

    def slow(window: Float32Array) -> Float32Array:
        time.sleep(0.3)  # a hop lasts 0.1 s
        return VOICE * window

    audio = song(8000)
    made, report = run(Paced(audio, 80), lambda: slow)
    assert made.shape[1] == audio.shape[1] + GEOMETRY.delay
    assert report.n_dropped > 0
    assert report.late > 0
    gains = made[0, GEOMETRY.delay :] / audio[0]
    assert np.all(gains > 0.49)
    assert np.all(gains < 1.01)


@pytest.mark.slow
def test_slow_loading_holds_nobody_up() -> None:
    def load() -> Estimate:
        time.sleep(0.4)
        return half

    audio = song()
    made, report = run(Paced(audio, 80), load)
    gains = made[0, GEOMETRY.delay :] / audio[0]
    np.testing.assert_allclose(gains[:1000], 1.0, atol=1e-4)  # passes as it is
    np.testing.assert_allclose(gains[-4000:], VOICE, atol=1e-4)
    assert report.late == 0


@pytest.mark.slow
def test_a_reader_that_stalls_loses_sound_and_not_its_time() -> None:
    class Stalls(io.BytesIO):
        stalled = False

        def write(self, data: bytes) -> int:  # type: ignore[override]
            if not self.stalled and self.tell() > 4000 * PCM.frame_bytes:
                self.stalled = True
                time.sleep(3.0)
            return super().write(data)

    audio = song(32_000)
    made, report = run(Paced(audio, 400), sink=Stalls())
    assert report.lost > 0
    assert made.shape[1] == audio.shape[1] + GEOMETRY.delay - report.lost
    tail = slice(-1500, None)
    np.testing.assert_allclose(made[:, tail], 0.5 * audio[:, tail], atol=1e-6)


def test_an_end_in_the_middle_of_everything() -> None:
    audio = song(300)  # less than a hop
    made, _ = run(Quick(PCM.encode(audio) + b"\x01\x02\x03"))
    np.testing.assert_allclose(made[:, GEOMETRY.delay + 80 :], 0.5 * audio[:, 80:], atol=1e-6)
    assert made.shape[1] == 300 + GEOMETRY.delay
    assert run(Quick(b""))[0].shape[1] == GEOMETRY.delay


def test_failures_end_the_run() -> None:
    def broken(window: Float32Array) -> Float32Array:
        raise ValueError("network")

    with pytest.raises(ValueError, match="network"):
        run(Paced(song(4000), 400), lambda: broken)

    class Gone(io.BytesIO):
        def write(self, data: bytes) -> int:  # type: ignore[override]
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        run(Paced(song(4000), 400), sink=Gone())


@pytest.mark.parametrize(("threads", "given"), [(None, 1), (3, 3)])
def test_one_thread_unless_more_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, threads: int | None, given: int
) -> None:
    asked: list[tuple[object, ...]] = []

    def load(*arguments: object) -> Separator:
        asked.append(arguments)
        return identity_separator(0.5, 8192)

    monkeypatch.setattr(Separator, "from_pretrained", load)
    run_options = RunOptions(threads=threads)
    load_estimate(LiveOptions(PCM, Mix(), "normal", "vocals", run_options, json=False))
    assert asked == [("vocals", run_options.device, run_options.quality, given)]


@pytest.mark.parametrize(("name", "step"), [("f32le", 1e-7), ("s16le", 2**-15), ("s32le", 1e-7)])
def test_pcm(name: str, step: float) -> None:
    pcm = Pcm(8000, 2, name)
    audio = np.clip(song(100), -1, 1)
    np.testing.assert_allclose(pcm.decode(pcm.encode(audio)), audio, atol=step)
    assert len(pcm.encode(audio)) == 100 * pcm.frame_bytes


def test_what_is_no_number_is_silence() -> None:
    data = np.array([[np.nan, np.inf], [0.5, -0.5]], "<f4").tobytes()
    np.testing.assert_array_equal(PCM.decode(data), [[0.0, 0.5], [0.0, -0.5]])
