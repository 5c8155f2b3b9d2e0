"""The Python API on arrays and streams."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import psutil
import pytest

import vocalsep
from tests.helpers.fake_models import CPU, four_stems, identity_separator
from vocalsep.errors import AudioError, DeviceError, ModelError, UnreadableAudio, VocalsepError
from vocalsep.inference.options import RunOptions
from vocalsep.inference.separator import Separator
from vocalsep.models.identity import IdentitySeparator


@pytest.mark.parametrize("shape", [(1, 0), (2, 1), (1, 30000), (2, 30000), (5, 10000)])
@pytest.mark.parametrize("sample_rate", [44100, 48000])
def test_separate_keeps_shape_and_sum(
    rng: np.random.Generator, shape: tuple[int, int], sample_rate: int
) -> None:
    audio = rng.uniform(-1, 1, shape).astype(np.float32)
    stems = identity_separator(gain=0.5).separate(audio, sample_rate)
    assert list(stems) == ["vocals", "accompaniment"]
    for stem in stems.values():
        assert stem.shape == audio.shape
        assert stem.dtype == np.float32
    np.testing.assert_allclose(sum(stems.values()), audio, atol=1e-6)
    if sample_rate == 44100:
        np.testing.assert_allclose(stems["vocals"], 0.5 * audio, atol=5e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_number_of_stems_adds_up(rng: np.random.Generator, dtype: type) -> None:
    separator = Separator(four_stems(), run=CPU)
    assert separator.stems == ("vocals", "drums", "bass", "other")
    audio = rng.uniform(-1, 1, (3, 20000)).astype(dtype)
    stems = separator.separate(audio, 44100)
    assert tuple(stems) == separator.stems
    np.testing.assert_allclose(sum(stems.values()), audio, atol=1e-6)
    np.testing.assert_allclose(stems["bass"], 0.5**3 * audio, atol=5e-6)
    np.testing.assert_allclose(stems["other"], 0.125 * audio, atol=5e-6)  # and not 0.5⁴
    blocks = (audio[:, start : start + 3000] for start in range(0, 20000, 3000))
    parts = list(separator.stream(blocks, 44100))
    assert len(parts) > 1
    for name, stem in stems.items():
        np.testing.assert_array_equal(np.concatenate([p[name] for p in parts], axis=1), stem)


def test_separate_is_deterministic_and_leaves_its_input_alone(rng: np.random.Generator) -> None:
    audio = rng.uniform(-1, 1, (2, 20000))
    before = audio.copy()
    separator = identity_separator(gain=0.3)
    first, second = (separator.separate(audio, 48000)["vocals"] for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(audio, before)
    assert first.dtype == np.float64


def test_stream_gives_the_first_stems_before_the_input_ends(rng: np.random.Generator) -> None:
    separator = identity_separator(gain=0.5)
    audio = rng.uniform(-1, 1, (2, 44100)).astype(np.float32)
    n_in = 0

    def blocks() -> Iterator[np.ndarray]:
        nonlocal n_in
        for start in range(0, 44100, 441):
            n_in += 441
            yield audio[:, start : start + 441]

    n_out = 0
    parts = []
    for stems in separator.stream(blocks(), 44100):
        assert (n_in - 441 - n_out) / 44100 <= separator.latency_s
        n_out += stems["vocals"].shape[1]
        parts.append(stems)
        if len(parts) == 1:
            assert n_in < 44100 / 2
    vocals = np.concatenate([part["vocals"] for part in parts], axis=1)
    np.testing.assert_allclose(vocals, 0.5 * audio, atol=5e-6)


def test_an_empty_stream_is_empty() -> None:
    assert list(identity_separator().stream([], 44100)) == []


@pytest.mark.parametrize(
    ("audio", "message"),
    [
        (np.zeros(100, np.float32), r"\(channels, samples\)"),
        (np.zeros((0, 100), np.float32), r"\(channels, samples\)"),
        (np.zeros((2, 3, 4), np.float32), r"\(channels, samples\)"),
        ([[0.0]], r"\(channels, samples\)"),
        (np.zeros((2, 100), np.int16), "expected floats"),
    ],
)
def test_wrong_arrays_are_refused(audio: np.ndarray, message: str) -> None:
    with pytest.raises(AudioError, match=message):
        identity_separator().separate(audio, 44100)
    with pytest.raises(AudioError, match=message):
        list(identity_separator().stream([audio], 44100))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_numbers_are_refused(value: float) -> None:
    audio = np.zeros((2, 100), np.float32)
    audio[1, 57] = value
    with pytest.raises(UnreadableAudio, match="sample 57"):
        identity_separator().separate(audio, 44100)


def test_a_wrong_rate_or_a_changing_channel_count_is_refused() -> None:
    block = np.zeros((2, 100), np.float32)
    with pytest.raises(AudioError, match="sample rate 0"):
        identity_separator().separate(block, 0)
    with pytest.raises(AudioError, match="1 channels, the first had 2"):
        list(identity_separator().stream([block, block[:1]], 44100))


def test_typed_errors_of_loading() -> None:
    with pytest.raises(ModelError, match="unknown model"):
        Separator.from_pretrained("no-such-model")
    with pytest.raises(VocalsepError, match="unknown quality"):
        Separator.from_pretrained(quality="bset")
    with pytest.raises(DeviceError, match="unknown device"):
        Separator(IdentitySeparator(), run=RunOptions(device="tpu"))


def test_the_public_name() -> None:
    assert vocalsep.Separator is Separator


@pytest.mark.parametrize("quality", ["fast", "normal"])
def test_every_quality_returns_the_input_of_an_identity(
    rng: np.random.Generator, quality: str
) -> None:
    network = IdentitySeparator(chunk_samples=4096)
    separator = Separator(network, run=RunOptions("cpu", quality))
    audio = rng.uniform(-1, 1, (2, 20000)).astype(np.float32)
    np.testing.assert_allclose(separator.separate(audio, 44100)["vocals"], audio, atol=5e-6)


def test_the_best_quality_returns_it_as_exactly_as_resampling_allows() -> None:
    separator = Separator(IdentitySeparator(chunk_samples=16384), run=RunOptions("cpu", "best"))
    time_s = np.arange(60000) / 44100
    tones = [np.sin(2 * np.pi * hz * time_s) for hz in (440, 7000)]
    audio = (0.5 * np.array(tones) * np.hanning(60000)).astype(np.float32)
    np.testing.assert_allclose(separator.separate(audio, 44100)["vocals"], audio, atol=2e-3)


@pytest.mark.slow
def test_a_hundred_calls_do_not_grow_memory(rng: np.random.Generator) -> None:
    separator = identity_separator(chunk_samples=65536)
    audio = rng.uniform(-1, 1, (2, 10 * 44100)).astype(np.float32)
    process = psutil.Process()
    for _ in range(10):  # allocators and caches settle
        separator.separate(audio, 48000)
    before = process.memory_info().rss
    n_threads = threading.active_count()
    for _ in range(100):
        separator.separate(audio, 48000)
    grown = process.memory_info().rss - before
    assert grown < 30e6, f"{grown / 1e6:.0f} MB"
    assert threading.active_count() == n_threads


@pytest.mark.parametrize("rate", [0, 1, 10**9, 44100.5, float("nan"), "44100", True])
def test_absurd_rates_are_refused(rate: object) -> None:
    with pytest.raises(AudioError, match="1000 to 768000 Hz"):
        identity_separator().separate(np.zeros((2, 10), np.float32), rate)  # type: ignore[arg-type]


def test_no_threads_are_refused() -> None:
    with pytest.raises(DeviceError, match="at least 1"):
        Separator(IdentitySeparator(), run=RunOptions("cpu", threads=0))
