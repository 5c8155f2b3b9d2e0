"""The Wiener filter in the stream: aligned, exact, any length and layout, nothing else changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from torch import Tensor

from tests.helpers.fake_models import CPU, four_stems
from vocalsep.audio.channels import groups_for
from vocalsep.dsp.stft import STFT
from vocalsep.dsp.wiener import CHUNK_S, WienerFilter
from vocalsep.inference.manifest import MANIFEST_NAME, read_manifest
from vocalsep.inference.options import FileOptions, RunOptions
from vocalsep.inference.separator import Separator
from vocalsep.models.identity import IdentitySeparator

RATE = 8000
WIENER = RunOptions(device="cpu", wiener=1)


class LeftIsVoice(IdentitySeparator):
    """A timid estimate: most of the left channel, and some of the right."""

    def forward(self, mixture: Tensor) -> Tensor:
        return (mixture * mixture.new_tensor([[0.8], [0.2]])).unsqueeze(1)


def separator(run: RunOptions = WIENER) -> Separator:
    network = LeftIsVoice(sample_rate=RATE, chunk_samples=4 * RATE)
    return Separator(network, "left", "0" * 64, run)


def stereo(rng: np.random.Generator, n_samples: int) -> np.ndarray:
    return rng.uniform(-0.5, 0.5, (2, n_samples)).astype(np.float32)


def test_what_it_does_to_each_channel(rng: np.random.Generator) -> None:
    """The voice has powers .8², .2² of left and right, the rest .2², .8²: covariances diagonal."""
    audio = stereo(rng, 50 * RATE)
    rough, fine = (separator(run).separate(audio, RATE)["vocals"] for run in (CPU, WIENER))
    np.testing.assert_allclose(rough, audio * [[0.8], [0.2]], atol=1e-5)
    # Left and right are independent: each bin of a channel gets v_j·R_j/Σ v_k·R_k, alike in all
    # of them but for chance, and more of what there was most of: 0.8²/(0.8² + 0.2²) = 0.94.
    held = [float(fine[c] @ audio[c] / (audio[c] @ audio[c])) for c in (0, 1)]
    assert held[0] == pytest.approx(0.94, abs=0.02) and held[1] == pytest.approx(0.06, abs=0.02)


def test_it_is_the_filter_of_the_evaluation(rng: np.random.Generator) -> None:
    audio = stereo(rng, 30 * RATE)
    rough, fine = (separator(run).separate(audio, RATE) for run in (CPU, WIENER))
    wiener = WienerFilter(STFT(4096, 1024), 1, round(CHUNK_S * RATE))
    wanted = np.concatenate(list(wiener.stream([np.stack([audio, *rough.values()])])), axis=-1)
    np.testing.assert_allclose(fine["vocals"], wanted[0], atol=1e-6)
    np.testing.assert_allclose(sum(fine.values()), audio, atol=1e-6)


@pytest.mark.parametrize("n_samples", [1, 999, 21 * RATE])
@pytest.mark.parametrize("n_channels", [1, 2, 3])
def test_any_length_and_layout_stays_aligned(
    n_channels: int, n_samples: int, rng: np.random.Generator
) -> None:
    audio = rng.uniform(-1, 1, (n_channels, n_samples)).astype(np.float32)
    network = four_stems(chunk_samples=3 * RATE)
    network.sample_rate = RATE
    stems = Separator(network, run=WIENER).separate(audio, RATE)
    assert [stem.shape for stem in stems.values()] == [audio.shape] * 4
    np.testing.assert_allclose(sum(stems.values()), audio, atol=1e-5)
    # Every stem is a share of the mixture, so each keeps a share: its power's.
    powers = np.square([0.5, 0.25, 0.125, 0.125])
    for stem, share in zip(stems.values(), powers / powers.sum(), strict=True):
        np.testing.assert_allclose(stem, share * audio, atol=1e-4)


def test_surround_pairs_are_refined_apart_and_lfe_not_at_all(rng: np.random.Generator) -> None:
    audio = rng.uniform(-1, 1, (6, 3 * RATE)).astype(np.float32)
    groups = groups_for(6, "5.1")
    both = np.stack([audio, 0.7 * audio, 0.3 * audio])
    both[1:, 3] = [np.zeros(3 * RATE), audio[3]]  # all of it is in the residual
    wiener = WienerFilter(STFT(512, 128), 1, 2 * RATE, groups.groups)
    whole = np.concatenate(list(wiener.stream([both])), axis=-1)
    np.testing.assert_array_equal(whole[:, 3], both[1:, 3])
    for group in groups.groups:
        alone = WienerFilter(STFT(512, 128), 1, 2 * RATE)
        cut = list(group)
        wanted = np.concatenate(list(alone.stream([both[:, cut]])), axis=-1)
        np.testing.assert_array_equal(whole[:, cut], wanted)


def test_a_stream_waits_no_longer_than_it_says(rng: np.random.Generator) -> None:
    audio = stereo(rng, 60 * RATE)
    live = separator()
    n_in = n_out = 0
    longest = 0.0

    def blocks() -> Iterator[np.ndarray]:
        nonlocal n_in
        for start in range(0, audio.shape[1], 4000):
            n_in += 4000
            yield audio[:, start : start + 4000]

    parts = []
    for stems in live.stream(blocks(), RATE):
        longest = max(longest, (n_in - 4000 - n_out) / RATE)
        n_out += stems["vocals"].shape[1]
        parts.append(stems["vocals"])
    assert CHUNK_S < longest <= live.latency_s < 30
    whole = live.separate(audio, RATE)["vocals"]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)


@pytest.mark.parametrize("sample_rate", [RATE, 12000])
def test_files_add_up_exactly(tmp_path: Path, rng: np.random.Generator, sample_rate: int) -> None:
    codes = rng.integers(-9000, 9000, (21 * sample_rate, 2), dtype=np.int16)
    soundfile.write(tmp_path / "song.wav", codes, sample_rate)
    plain = separator(CPU).separate_file(tmp_path / "song.wav", tmp_path / "plain")
    result = separator().separate_file(tmp_path / "song.wav", tmp_path / "fine")
    stems = [soundfile.read(path, dtype="int16")[0] for path in result.outputs.values()]
    np.testing.assert_array_equal(stems[0].astype(np.int32) + stems[1], codes)
    assert (stems[0] != soundfile.read(plain.outputs["vocals"], dtype="int16")[0]).any()
    told = [read_manifest(tmp_path / run / MANIFEST_NAME)[0].options for run in ("plain", "fine")]
    assert "wiener" not in told[0] and told[1]["wiener"] == 1


def test_one_stem_alone_is_the_same(tmp_path: Path, rng: np.random.Generator) -> None:
    soundfile.write(tmp_path / "song.wav", stereo(rng, 21 * RATE).T, RATE, subtype="FLOAT")
    options = [FileOptions(stem=stem, template="{stem}.{ext}") for stem in (None, "accompaniment")]
    found = [
        separator().separate_file(tmp_path / "song.wav", tmp_path / str(k), each)
        for k, each in enumerate(options)
    ]
    audio = [soundfile.read(each.outputs["accompaniment"])[0] for each in found]
    np.testing.assert_array_equal(*audio)
