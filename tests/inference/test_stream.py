"""The stream around the network: exact identity, free block partition, bounded waiting."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vocalsep.audio.channels import groups_for
from vocalsep.inference.engine import Engine
from vocalsep.inference.fifo import BlockFifo
from vocalsep.inference.quality import Quality
from vocalsep.inference.stream import EstimateStream, SourceFormat
from vocalsep.models.identity import IdentitySeparator

Array = npt.NDArray[np.floating]
QUALITIES = [
    Quality(overlap=0.0, speeds=(1.0,), precision="float32"),
    Quality(overlap=0.25, speeds=(1.0,), precision="float32"),
    Quality(overlap=0.75, speeds=(1.0, 1.0), precision="float32"),
]


def stream(
    chunk: int = 4096,
    quality: Quality = QUALITIES[1],
    batch: int = 2,
    targets: tuple[str, ...] = ("vocals",),
    margin: int = 0,
) -> EstimateStream:
    network = IdentitySeparator(
        targets=targets, chunk_samples=chunk + 2 * margin, margin_samples=margin
    )
    return EstimateStream(Engine(network, "cpu"), quality, batch)


def noise(n_samples: int, n_channels: int = 2) -> Array:
    generator = np.random.default_rng([n_samples, n_channels])
    return generator.uniform(-1, 1, (n_channels, n_samples)).astype(np.float32)


def smooth(n_samples: int, sample_rate: int, n_channels: int) -> Array:
    """Tones below 8 kHz that fade in and out: any two rates can carry them."""
    time_s = np.arange(n_samples) / sample_rate
    tones = [np.sin(2 * np.pi * (500 + 900 * k) * time_s) for k in range(n_channels)]
    return (0.3 * np.array(tones) * np.hanning(n_samples)).astype(np.float32)


def cut(audio: Array, lengths: list[int]) -> Iterator[Array]:
    start = 0
    for length in lengths:
        yield audio[:, start : start + length]
        start += length
    yield audio[:, start:]


def run(
    estimate_stream: EstimateStream, blocks: Iterator[Array], like: Array, sample_rate: int = 44100
) -> tuple[Array, Array]:
    source = SourceFormat(sample_rate, groups_for(like.shape[0], None))
    pairs = list(estimate_stream.pairs(blocks, source))
    assert all(mixture.shape == estimates.shape[1:] for mixture, estimates in pairs)
    mixture = np.concatenate([like[:, :0], *(pair[0] for pair in pairs)], axis=-1)
    nothing = np.zeros((1, *mixture[:, :0].shape))
    return mixture, np.concatenate([p[1] for p in pairs] or [nothing], axis=-1)


@given(
    n_samples=st.integers(0, 30000),
    chunk=st.integers(1, 9000),
    quality=st.sampled_from(QUALITIES),
    batch=st.integers(1, 5),
    margin=st.sampled_from([0, 1, 700, 40000]),
    lengths=st.lists(st.integers(0, 5000), max_size=8),
)
@settings(max_examples=25, deadline=None)
def test_identity_returns_the_input(
    n_samples: int, chunk: int, quality: Quality, batch: int, margin: int, lengths: list[int]
) -> None:
    # A million network calls, or calls of a million samples, would prove no more.
    chunk = max(chunk, n_samples // 200, margin // 10, 1)
    audio = noise(n_samples)
    estimate_stream = stream(chunk, quality, batch, margin=margin)
    mixture, estimates = run(estimate_stream, cut(audio, lengths), audio)
    np.testing.assert_array_equal(mixture, audio)
    np.testing.assert_allclose(estimates, audio[np.newaxis], rtol=0, atol=5e-6)


@pytest.mark.parametrize(("quality", "n_channels"), [*zip(QUALITIES, [1, 2, 5], strict=True)])
def test_every_stem_but_the_residual_is_estimated_in_order(
    quality: Quality, n_channels: int
) -> None:
    network = IdentitySeparator(
        targets=("drums", "other", "vocals", "bass"),
        residual="other",
        gain=0.5,
        chunk_samples=4096,
    )
    audio = noise(20000, n_channels)
    estimate_stream = EstimateStream(Engine(network, "cpu"), quality, 3)
    _, estimates = run(estimate_stream, cut(audio, [5, 7000]), audio)
    # The identity gives target k gainᵏ of the mixture.
    expected = np.multiply.outer([0.5, 0.5**3, 0.5**4], audio)  # drums, vocals, bass
    np.testing.assert_allclose(estimates, expected, rtol=0, atol=5e-6)


@pytest.mark.parametrize("n_samples", [0, 1, 2, 4095, 4096, 4097, 12288])
@pytest.mark.parametrize("n_channels", [1, 2, 3, 5])
def test_identity_at_the_edges(n_samples: int, n_channels: int) -> None:
    audio = noise(n_samples, n_channels)
    for margin in (0, 100, 5000):
        mixture, estimates = run(stream(margin=margin), iter([audio]), audio)
        np.testing.assert_array_equal(mixture, audio)
        np.testing.assert_allclose(estimates, audio[np.newaxis], rtol=0, atol=5e-6)


@pytest.mark.parametrize(
    ("sample_rate", "margin"), [(8000, 0), (22050, 1000), (44100, 1000), (48000, 0), (96000, 1000)]
)
def test_any_block_partition_gives_the_same_bits(sample_rate: int, margin: int) -> None:
    audio = noise(30011)
    generator = np.random.default_rng(7)
    kinds = {"targets": ("vocals", "drums", "bass"), "margin": margin}
    whole = run(stream(**kinds), iter([audio]), audio, sample_rate)
    for longest in (100, 3000, 20000):
        lengths = list(generator.integers(0, longest, 30011 // longest))
        pieces = run(stream(**kinds), cut(audio, lengths), audio, sample_rate)
        for a, b in zip(whole, pieces, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("sample_rate", [32000, 48000, 96000])
def test_other_rates_come_back_aligned_and_complete(sample_rate: int) -> None:
    audio = smooth(40001, sample_rate, 2)
    mixture, estimates = run(stream(), iter([audio]), audio, sample_rate)
    np.testing.assert_array_equal(mixture, audio)
    np.testing.assert_allclose(estimates, audio[np.newaxis], atol=1e-4)


@pytest.mark.parametrize("n_samples", [1, 2, 3, 99, 1001])
@pytest.mark.parametrize("sample_rate", [8000, 11025, 47999, 192000])
def test_the_length_survives_odd_rates(n_samples: int, sample_rate: int) -> None:
    audio = noise(n_samples)
    mixture, estimates = run(stream(targets=("a", "b")), iter([audio]), audio, sample_rate)
    np.testing.assert_array_equal(mixture, audio)
    assert estimates.shape == (2, *audio.shape)


def test_what_the_model_cannot_hear_has_no_voice() -> None:
    time_s = np.arange(60000) / 96000
    audio = np.sin(2 * np.pi * 35000 * time_s)[np.newaxis] * np.hanning(60000)
    audio = audio.astype(np.float32)
    _, voice = run(stream(), iter([audio]), audio, 96000)
    assert np.abs(voice).max() < 1e-4


def test_surround_keeps_channels_apart_and_lfe_in_the_residual() -> None:
    audio = noise(9000, 6)
    source = SourceFormat(44100, groups_for(6, "5.1"))
    estimates = [part for _, part in stream(targets=("a", "b")).pairs([audio], source)]
    expected = audio.copy()
    expected[3] = 0.0
    np.testing.assert_allclose(np.concatenate(estimates, axis=-1), [expected] * 2, atol=5e-6)


def test_double_precision_mixtures_come_out_untouched() -> None:
    audio = np.random.default_rng(0).uniform(-1, 1, (2, 9000))
    mixture, _ = run(stream(), iter([audio]), audio)
    assert mixture.dtype == np.float64
    np.testing.assert_array_equal(mixture, audio)


@pytest.mark.parametrize("margin", [0, 3000])
def test_waiting_is_bounded_by_the_stated_latency(margin: int) -> None:
    estimate_stream = stream(chunk=4096, batch=2, margin=margin)
    source = SourceFormat(48000, groups_for(2, None))
    n_in = n_out = 0

    def blocks() -> Iterator[Array]:
        nonlocal n_in
        for _ in range(200):
            n_in += 500
            yield noise(500)

    longest = 0
    for mixture, _ in estimate_stream.pairs(blocks(), source):
        longest = max(longest, n_in - n_out)
        n_out += mixture.shape[1]
    assert n_out == n_in == 100_000
    assert longest / 48000 <= estimate_stream.latency_s + 500 / 48000


def test_silence_gives_silence() -> None:
    audio = np.zeros((2, 20000), np.float32)
    _, estimates = run(stream(margin=500), iter([audio]), audio, 48000)
    assert not estimates.any()


class PositionMarker(IdentitySeparator):
    """Returns the chunk's own mean: not shift-invariant, unlike the identity."""

    def forward(self, mixture: torch.Tensor) -> torch.Tensor:
        return (mixture * 0 + mixture.mean(dim=-1, keepdim=True)).unsqueeze(1)


def test_the_end_of_a_song_is_not_padded_for_the_network() -> None:
    engine = Engine(PositionMarker(chunk_samples=4096), "cpu")
    audio = np.ones((2, 5000), np.float32)
    _, voice = run(EstimateStream(engine, QUALITIES[0], 2), iter([audio]), audio)
    np.testing.assert_allclose(voice, 1.0, atol=1e-6)  # padded, the last mean were 0.22


class FarSighted(IdentitySeparator):
    """Gives of every sample those at the far ends of its margins: right only if they are real."""

    def forward_valid(self, mixture: torch.Tensor) -> torch.Tensor:
        far = 2 * self.margin_samples
        return (mixture[..., :-far] - 2 * mixture[..., far:]).unsqueeze(1)


@given(
    n_samples=st.integers(1, 3000),
    chunk=st.integers(1, 900),
    margin=st.integers(1, 200),
    quality=st.sampled_from(QUALITIES),
    batch=st.integers(1, 4),
)
@settings(max_examples=40, deadline=None)
def test_margins_hold_the_signal_and_silence_beyond_its_ends(
    n_samples: int, chunk: int, margin: int, quality: Quality, batch: int
) -> None:
    chunk = max(chunk, n_samples // 50)
    network = FarSighted(chunk_samples=chunk + 2 * margin, margin_samples=margin)
    audio = noise(n_samples)
    _, estimates = run(EstimateStream(Engine(network, "cpu"), quality, batch), iter([audio]), audio)
    around = np.pad(audio, ((0, 0), (margin, margin)))
    expected = around[:, :n_samples] - 2 * around[:, 2 * margin :]
    np.testing.assert_allclose(estimates[0], expected, rtol=0, atol=5e-6)


@given(st.lists(st.integers(0, 50), max_size=20), st.data())
@settings(max_examples=100, deadline=None)
def test_fifo_gives_back_the_stream(lengths: list[int], data: st.DataObject) -> None:
    audio = noise(sum(lengths))
    fifo = BlockFifo()
    taken = [audio[:, :0]]
    for _ in fifo.tee(cut(audio, lengths)):
        wanted = data.draw(st.integers(0, fifo.n_samples))
        if wanted:
            taken.append(fifo.take(wanted))
    if fifo.n_samples:
        taken.append(fifo.take(fifo.n_samples))
    np.testing.assert_array_equal(np.concatenate(taken, axis=1), audio)
