"""Packing: any format and rate in, one rate out, resumable, errors named."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.synth import RATE, music, voice, write_stem
from vocalsep.data.bank import Bank
from vocalsep.data.pack import pack, read_list, write_track
from vocalsep.errors import DataError, OutputError

HEADER = "target\tgroup\tsong\tpath\tband_hz\tlicence\n"


def write_list(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "list.tsv"
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_pack_and_read_back(tmp_path: Path) -> None:
    write_stem(tmp_path / "v.wav", voice(RATE))
    write_stem(tmp_path / "m.flac".replace("flac", "wav"), music(RATE)[:1])
    listed = write_list(
        tmp_path,
        "vocals\tsongs\tone\tv.wav\t0\tCC0-1.0",
        "accompaniment\tgames\t\tm.wav\t3000\tMIT",
        "accompaniment\tgames\t\tmissing.wav\t0\tMIT",
    )
    lines: list[str] = []
    tracks = pack(listed, tmp_path, tmp_path / "bank", RATE, 1, lines.append)
    assert [t.path for t in tracks] == ["v.wav", "m.wav"]
    assert any("missing.wav" in line and line.startswith("left out") for line in lines)
    bank = Bank(tmp_path / "bank")
    assert bank.tracks == tracks
    assert (tracks[0].band_hz, tracks[1].band_hz) == (RATE / 2, 3000)
    assert (tracks[0].n_channels, tracks[1].n_channels) == (2, 1)
    np.testing.assert_allclose(bank.read(tracks[0], 0, RATE), voice(RATE), atol=1e-4)
    both_sides = np.broadcast_to(music(RATE)[:1], (2, RATE))
    np.testing.assert_allclose(bank.read(tracks[1], 0, RATE), both_sides, atol=1e-4)


def test_other_rates_are_resampled_and_their_band_is_known(tmp_path: Path) -> None:
    write_stem(tmp_path / "v.wav", voice(RATE), rate=RATE // 2)
    listed = write_list(tmp_path, "vocals\tg\t\tv.wav\t0\tCC0-1.0")
    (track,) = pack(listed, tmp_path, tmp_path / "bank", RATE, 1, lambda _: None)
    assert track.n_samples == 2 * RATE
    assert track.band_hz == RATE / 4


def test_sums_and_folders(tmp_path: Path) -> None:
    write_stem(tmp_path / "set" / "a.wav", voice(RATE))
    write_stem(tmp_path / "set" / "b.wav", music(RATE))
    listed = write_list(tmp_path, "a\tg\t\tset\t0\tMIT", "b\tg\t\tset/a.wav + set/b.wav\t0\tMIT")
    joined, summed = pack(listed, tmp_path, tmp_path / "bank", RATE, 1, lambda _: None)
    bank = Bank(tmp_path / "bank")
    assert (joined.n_samples, summed.n_samples) == (2 * RATE, RATE)
    np.testing.assert_allclose(bank.read(joined, RATE, RATE), music(RATE), atol=1e-4)
    np.testing.assert_allclose(bank.read(summed, 0, RATE), voice(RATE) + music(RATE), atol=1e-4)


def test_packing_again_decodes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_stem(tmp_path / "v.wav", voice(RATE))
    listed = write_list(tmp_path, "vocals\tg\t\tv.wav\t0\tCC0-1.0")
    first = pack(listed, tmp_path, tmp_path / "bank", RATE, 1, lambda _: None)
    stamp = next((tmp_path / "bank").glob("*.i16")).stat().st_mtime_ns
    assert pack(listed, tmp_path, tmp_path / "bank", RATE, 1, lambda _: None) == first
    assert next((tmp_path / "bank").glob("*.i16")).stat().st_mtime_ns == stamp


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "header"),
        ("target\tpath\n", "header"),
        (HEADER, "lists no stems"),
        (HEADER + "v\tg\t\tx.wav\thigh\tMIT\n", "cannot be read"),
    ],
)
def test_bad_lists_are_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "list.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=says):
        read_list(path)


def test_nothing_decoded_is_an_error(tmp_path: Path) -> None:
    listed = write_list(tmp_path, "vocals\tg\t\tmissing.wav\t0\tCC0-1.0")
    with pytest.raises(DataError, match="check the root"):
        pack(listed, tmp_path, tmp_path / "bank", RATE, 1, lambda _: None)


def test_a_bank_that_cannot_be_written_stops_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_stem(tmp_path / "v.wav", voice(RATE))
    listed = write_list(tmp_path, "vocals\tg\t\tv.wav\t0\tCC0-1.0")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be made"):
        pack(listed, tmp_path, tmp_path / "file", RATE, 1, lambda _: None)

    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    target = tmp_path / "k.i16"
    with pytest.raises(OutputError, match="No space left"):
        write_track(target, target.with_suffix(".shape"), voice(RATE), 4000.0)
    assert not target.exists()


def test_a_stem_listed_twice_is_one_file(tmp_path: Path) -> None:
    write_stem(tmp_path / "v.wav", voice(RATE))
    listed = write_list(tmp_path, *["vocals\tg\t\tv.wav\t0\tCC0-1.0"] * 4)
    tracks = pack(listed, tmp_path, tmp_path / "bank", RATE, 2, lambda _: None)
    assert len({track.key for track in tracks}) == 1
    assert {track.n_samples for track in tracks} == {RATE}
    assert len(list((tmp_path / "bank").glob("*.i16"))) == 1
    assert not list((tmp_path / "bank").glob(".*"))


@pytest.mark.parametrize("text", ["{", "{}", "[]", '{"sample_rate": 1, "tracks": [{"key": "a"}]}'])
def test_a_damaged_index_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(DataError, match="not a bank"):
        Bank(tmp_path)
