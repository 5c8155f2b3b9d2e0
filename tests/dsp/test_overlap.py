"""Chunks and overlap-add: an identity in between must return the stream, whatever the cut."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vocalsep.dsp.overlap import ChunkGeometry, chunks, overlap_add, with_margins

Array = npt.NDArray[np.floating]


@st.composite
def geometries(draw: st.DrawFn) -> ChunkGeometry:
    inner_samples, margin = draw(st.integers(1, 200)), draw(st.integers(0, 50))
    hop = draw(st.integers(1, inner_samples))
    return ChunkGeometry(inner_samples + 2 * margin, hop, margin)


def cut_up(blocks: Iterator[Array] | list[Array], geometry: ChunkGeometry) -> list[Array]:
    """The chunks of a stream without margins of its own."""
    return list(chunks(with_margins(blocks, geometry.margin_samples), geometry))


def inner(parts: list[Array], geometry: ChunkGeometry) -> list[Array]:
    """What an estimator that returns its input gives back of chunks."""
    margin = geometry.margin_samples
    return [part[..., margin : part.shape[-1] - margin] for part in parts]


def noise(n_samples: int, n_channels: int = 2) -> Array:
    generator = np.random.default_rng(n_samples)
    return generator.uniform(-1, 1, (n_channels, n_samples)).astype(np.float32)


def cut(audio: Array, lengths: list[int]) -> Iterator[Array]:
    """The audio in blocks of the given lengths, then the rest in one."""
    start = 0
    for length in lengths:
        yield audio[..., start : start + length]
        start += length
    yield audio[..., start:]


def join(blocks: Iterator[Array], like: Array) -> Array:
    return np.concatenate([like[..., :0], *blocks], axis=-1)


@given(st.integers(0, 1000), geometries(), st.lists(st.integers(0, 300), max_size=20))
@settings(max_examples=300, deadline=None)
def test_identity_returns_the_stream(
    n_samples: int, geometry: ChunkGeometry, lengths: list[int]
) -> None:
    audio = noise(n_samples)
    parts = inner(cut_up(cut(audio, lengths), geometry), geometry)
    output = join(overlap_add(parts, geometry), audio)
    assert output.shape == audio.shape
    np.testing.assert_allclose(output, audio, rtol=0, atol=1e-7)


@given(st.integers(0, 1000), geometries(), st.lists(st.integers(0, 300), max_size=20))
@settings(max_examples=200, deadline=None)
def test_chunks_do_not_depend_on_the_blocks(
    n_samples: int, geometry: ChunkGeometry, lengths: list[int]
) -> None:
    audio = noise(n_samples)
    whole = cut_up([audio], geometry)
    pieces = cut_up(cut(audio, lengths), geometry)
    for a, b in zip(whole, pieces, strict=True):
        np.testing.assert_array_equal(a, b)


@given(st.integers(0, 1000), geometries())
@settings(max_examples=200, deadline=None)
def test_chunks_cover_every_sample_with_no_chunk_too_many(
    n_samples: int, geometry: ChunkGeometry
) -> None:
    length, hop, margin = geometry.inner_samples, geometry.hop_samples, geometry.margin_samples
    audio = noise(n_samples)
    parts = cut_up([audio], geometry)
    expected = 0 if n_samples == 0 else 1 + max(0, -(-(n_samples - length) // hop))
    assert len(parts) == expected
    around = np.pad(audio, ((0, 0), (margin, margin)))  # silence beyond the ends, nowhere else
    for k, part in enumerate(parts):
        assert part.shape == (2, min(length, n_samples - k * hop) + 2 * margin)
        np.testing.assert_array_equal(part, around[:, k * hop : k * hop + part.shape[-1]])


def test_cross_fade_is_linear() -> None:
    geometry = ChunkGeometry(chunk_samples=8, hop_samples=4)
    parts = [np.full((1, 8), level) for level in (0.0, 1.0)]
    output = np.concatenate(list(overlap_add(parts, geometry)), axis=-1)[0]
    np.testing.assert_allclose(output, [0, 0, 0, 0, 0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1], atol=1e-7)


def test_leading_axes_are_free() -> None:
    geometry = ChunkGeometry(chunk_samples=50, hop_samples=30)
    audio = np.random.default_rng(1).uniform(-1, 1, (3, 2, 333)).astype(np.float32)
    output = np.concatenate(list(overlap_add(chunks([audio], geometry), geometry)), axis=-1)
    np.testing.assert_allclose(output, audio, atol=1e-7)


@pytest.mark.parametrize("margin", [0, 25])
def test_output_comes_before_the_input_ends(margin: int) -> None:
    geometry = ChunkGeometry(100 + 2 * margin, 60, margin)
    taken = 0

    def source() -> Iterator[Array]:
        nonlocal taken
        for _ in range(100):
            taken += 10
            yield noise(10)

    parts = chunks(with_margins(source(), margin), geometry)
    inner_parts = (part[..., margin : part.shape[-1] - margin] for part in parts)
    given_out = 0
    for block in overlap_add(inner_parts, geometry):
        given_out += block.shape[-1]
        # One block more than the latency: the cut is made when the next block has arrived.
        assert taken - given_out <= geometry.latency_samples + 10
    assert given_out == taken


@pytest.mark.parametrize(
    ("chunk", "hop", "margin"),
    [(0, 0, 0), (10, 0, 0), (10, 11, 0), (0, 1, 0), (10, 1, 5), (10, 5, 3), (10, 1, -1)],
)
def test_impossible_geometry_is_refused(chunk: int, hop: int, margin: int) -> None:
    with pytest.raises(ValueError, match="hop"):
        ChunkGeometry(chunk, hop, margin)


@pytest.mark.parametrize(("overlap", "hop"), [(0.0, 100), (0.25, 75), (0.5, 50), (0.999, 1)])
def test_overlap_fraction(overlap: float, hop: int) -> None:
    assert ChunkGeometry.from_overlap(100, overlap).hop_samples == hop
    assert ChunkGeometry.from_overlap(160, overlap, margin_samples=30).hop_samples == hop
