"""The chain around a real (untrained) mask network: what an identity cannot show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from vocalsep.inference.options import RunOptions
from vocalsep.inference.separator import Separator
from vocalsep.models.build import build_separator
from vocalsep.models.checkpoint import save_model
from vocalsep.models.mask_separator import MaskSeparator
from vocalsep.recipe import Audio, Part, Recipe


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    recipe = Recipe(
        name="tiny",
        licence="CC0 1.0",
        chunk_frames=32,
        backbone=Part("unet", {"widths": [4, 8], "norm": "none"}),
    )
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    torch.manual_seed(0)
    save_model(path, recipe, MaskSeparator(recipe).state_dict(), {}, {})
    return path


FOUR = {"targets": ["vocals", "drums", "bass", "other"], "residual": "other"}

RECIPES = {
    "four stems by softmax": Recipe(
        name="softmax",
        chunk_frames=32,
        separator=Part("mask", {"mask": "softmax"}),
        backbone=Part("unet", {"widths": [4, 8], "norm": "none"}),
        **FOUR,
    ),
    "four stems with margins": Recipe(
        name="wave",
        audio=Audio(sample_rate=22050, n_channels=1),
        chunk_frames=8,
        separator=Part("waveform"),
        backbone=Part("wave_u_net", {"context": True, "levels": 3, "width": 4}),
        **FOUR,
    ),
}


@pytest.mark.parametrize("kind", RECIPES)
def test_four_stems(kind: str, tmp_path: Path, rng: np.random.Generator) -> None:
    recipe = RECIPES[kind]
    torch.manual_seed(0)
    network = build_separator(recipe)
    save_model(tmp_path / "four.safetensors", recipe, network.state_dict(), {}, {})
    separator = Separator.from_pretrained(tmp_path / "four.safetensors", "cpu")
    assert separator.stems == ("vocals", "drums", "bass", "other")
    audio = rng.uniform(-1, 1, (2, 50000)).astype(np.float32)
    whole = separator.separate(audio, 44100)
    np.testing.assert_allclose(sum(whole.values()), audio, atol=1e-6)
    blocks = (audio[:, start : start + 5000] for start in range(0, 50000, 5000))
    parts = list(separator.stream(blocks, 44100))
    assert len(parts) > 1
    for name, stem in whole.items():
        pieces = np.concatenate([part[name] for part in parts], axis=1)
        # The stream takes chunks one by one: the same but for how a batch is added up.
        np.testing.assert_allclose(pieces, stem, atol=1e-5)
        assert np.abs(stem).max() > 1e-3


@pytest.mark.parametrize("quality", ["fast", "normal", "best"])
@pytest.mark.parametrize("n_samples", [0, 1, 100, 40000])
def test_any_length(model: Path, rng: np.random.Generator, quality: str, n_samples: int) -> None:
    separator = Separator.from_pretrained(model, "cpu", quality)
    audio = rng.uniform(-1, 1, (2, n_samples)).astype(np.float32)
    stems = separator.separate(audio, 44100)
    assert stems["vocals"].shape == audio.shape
    assert np.isfinite(stems["vocals"]).all()
    np.testing.assert_allclose(sum(stems.values()), audio, atol=1e-6)


@pytest.mark.parametrize("sample_rate", [44100, 48000])
def test_streaming_gives_the_same_bits_for_any_blocks(
    model: Path, rng: np.random.Generator, sample_rate: int
) -> None:
    separator = Separator.from_pretrained(model, "cpu")
    audio = rng.uniform(-1, 1, (2, 100_000)).astype(np.float32)

    def run(block: int) -> np.ndarray:
        blocks = (audio[:, start : start + block] for start in range(0, 100_000, block))
        parts = [stems["vocals"] for stems in separator.stream(blocks, sample_rate)]
        return np.concatenate(parts, axis=1)

    whole = run(100_000)
    assert whole.any()
    for block in (777, 4096, 50_000):
        np.testing.assert_array_equal(run(block), whole)


def test_a_file_of_another_rate_with_exact_sum_and_deterministic_bytes(
    model: Path, tmp_path: Path, rng: np.random.Generator
) -> None:
    codes = rng.integers(-9000, 9000, (60000, 2), dtype=np.int16)
    soundfile.write(tmp_path / "song.wav", codes, 48000, subtype="PCM_16")
    runs = []
    for name in ("one", "two"):
        separator = Separator.from_pretrained(model, "cpu")
        result = separator.separate_file(tmp_path / "song.wav", tmp_path / name)
        runs.append(result.outputs)
    assert runs[0]["vocals"].read_bytes() == runs[1]["vocals"].read_bytes()
    stems = [soundfile.read(path, dtype="int16")[0] for path in runs[0].values()]
    assert stems[0].any()
    np.testing.assert_array_equal(stems[0].astype(np.int32) + stems[1], codes)


def test_bfloat16_is_close_to_float32(model: Path, rng: np.random.Generator) -> None:
    audio = rng.uniform(-1, 1, (2, 60000)).astype(np.float32)
    outputs = []
    for precision in (torch.float32, torch.bfloat16):
        separator = Separator.from_pretrained(model, "cpu")
        separator._engine.separator.set_backbone_dtype(precision)
        outputs.append(separator.separate(audio, 44100)["vocals"])
    assert np.abs(outputs[0] - outputs[1]).max() > 0
    np.testing.assert_allclose(outputs[0], outputs[1], atol=0.03)


def test_threads_are_passed_on(model: Path) -> None:
    before = torch.get_num_threads()
    try:
        Separator(
            Separator.from_pretrained(model, "cpu")._engine.separator,
            run=RunOptions("cpu", threads=1),
        )
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
