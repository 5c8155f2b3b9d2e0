"""The shipped recipes of MUSDB18 on small sets in its own formats, from one command to stems."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from tests.helpers.musdb import make_musdb18, make_musdb18hq
from vocalsep import Separator
from vocalsep.cli import cli
from vocalsep.models.checkpoint import read_card

ROOT = Path(__file__).parents[2]
SONGS = {"train": ["A - One", "B - Two", "Leaf - Summerghost"], "test": ["C - Three"]}
SMALL = ["backbone.params.widths=[2,4]", "chunk_frames=16", "mixing.segment_frames=8"]
SHORT = ["training.max_steps=2", "training.batch_size=2", "training.workers=0"]


@pytest.mark.parametrize(
    ("name", "make", "stems"),
    [
        ("musdb", make_musdb18hq, ["vocals", "accompaniment"]),
        ("musdb-4stems", make_musdb18, ["vocals", "drums", "bass", "other"]),
        pytest.param(
            "musdb-4stems",
            make_musdb18hq,
            ["vocals", "drums", "bass", "other"],
            marks=pytest.mark.slow,
        ),
        pytest.param("musdb", make_musdb18, ["vocals", "accompaniment"], marks=pytest.mark.slow),
    ],
)
def test_from_the_set_to_stems(
    name: str, make: Callable[..., None], stems: list[str], tmp_path: Path
) -> None:
    make(tmp_path / "musdb", SONGS)
    places = [f"mixing.root={tmp_path / 'musdb'}", f"mixing.bank={tmp_path / 'bank'}"]
    words = [str(ROOT / "recipes" / f"{name}.yaml"), *places, *SMALL, *SHORT, "--device", "cpu"]
    result = CliRunner().invoke(cli, ["train", *words, "-o", str(tmp_path / "run")])
    assert result.exit_code == 0, (result.output, result.exception)
    card = read_card(tmp_path / "run" / "best.safetensors")
    assert list(card.scores) == ["Leaf - Summerghost"]  # the song that is set aside, and no other
    assert set(stems) <= set(card.scores["Leaf - Summerghost"])
    packed = json.loads((tmp_path / "bank" / "index.json").read_text())["tracks"]
    assert {track["song"] for track in packed} == {"A - One", "B - Two"}
    separator = Separator.from_pretrained(tmp_path / "run" / "best.safetensors", device="cpu")
    song, rate = soundfile.read(ROOT / "tests" / "clips" / "everything-is-free.mp3", frames=50000)
    found = separator.separate(song.T.astype(np.float32), rate)
    assert list(found) == stems
    np.testing.assert_allclose(sum(found.values()), song.T, atol=1e-5)
