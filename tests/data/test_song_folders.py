"""Data sets as song folders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.helpers.reading import read
from tests.helpers.synth import RATE, music, voice, write_stem
from vocalsep.data.layouts.manifest import read_list
from vocalsep.data.song_folders import write_songs
from vocalsep.data.sources import StemSource
from vocalsep.errors import DataError, OutputError


@pytest.fixture
def sources(tmp_path: Path) -> list[StemSource]:
    """A song whose accompaniment is a sum of two files, the second shorter, and a lone voice."""
    write_stem(tmp_path / "lead.wav", voice(2 * RATE, 0))
    write_stem(tmp_path / "bass.wav", music(2 * RATE, 1))
    write_stem(tmp_path / "bells.wav", music(RATE, 2))
    listed = tmp_path / "songs.tsv"
    listed.write_text(
        "target\tsong\tpath\n"
        "vocals\tone\tlead.wav\n"
        "accompaniment\tone\tbass.wav + bells.wav\n"
        "vocals\t\tlead.wav\n"
    )
    return read_list(listed, tmp_path, "train")


def test_sums_are_worked_out_sample_for_sample(sources: list[StemSource], tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert list(write_songs(sources, out, RATE)) == [out / "one"]
    assert sorted(path.name for path in out.rglob("*.wav")) == ["accompaniment.wav", "vocals.wav"]
    lead, bass, bells = (read(tmp_path / f"{name}.wav") for name in ("lead", "bass", "bells"))
    bass[:, : bells.shape[1]] += bells
    assert np.array_equal(read(out / "one" / "vocals.wav"), lead)
    assert np.array_equal(read(out / "one" / "accompaniment.wav"), bass)


def test_what_is_there_is_not_replaced(sources: list[StemSource], tmp_path: Path) -> None:
    list(write_songs(sources, tmp_path / "out", RATE))
    with pytest.raises(OutputError, match="one is there already"):
        list(write_songs(sources, tmp_path / "out", RATE))


def test_unpaired_stems_are_no_songs(sources: list[StemSource], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no song with several stems"):
        list(write_songs([s for s in sources if not s.song], tmp_path / "out", RATE))
