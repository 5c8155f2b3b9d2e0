"""Packing: any format and rate in, one rate out, resumable, errors named."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.musdb import RATE as MUSDB_RATE
from tests.helpers.musdb import make_musdb18, song_stems
from tests.helpers.synth import RATE, music, voice, write_stem
from vocalsep.data.bank import LEVEL_BLOCK, Bank, Track
from vocalsep.data.layouts import read_stems
from vocalsep.data.pack import PackOptions, pack, write_track
from vocalsep.errors import DataError, OutputError

HEADER = "target\tgroup\tsong\tpath\tband_hz\tlicence\n"


def write_list(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "list.tsv"
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def packed(listed: Path, bank: Path, workers: int = 1, bandwidth: bool = False) -> list[Track]:
    options = PackOptions(bank, RATE, workers, bandwidth)
    return pack(read_stems(listed), options, lambda _: None)


def test_pack_and_read_back(tmp_path: Path) -> None:
    write_stem(tmp_path / "v.wav", voice(RATE))
    write_stem(tmp_path / "m.wav", music(RATE)[:1])
    listed = write_list(
        tmp_path,
        "vocals\tsongs\tone\tv.wav\t0\tCC0-1.0",
        "accompaniment\tgames\t\tm.wav\t3000\tMIT",
        "accompaniment\tgames\t\tmissing.wav\t0\tMIT",
    )
    lines: list[str] = []
    tracks = pack(read_stems(listed), PackOptions(tmp_path / "bank", RATE), lines.append)
    assert [t.path for t in tracks] == ["v.wav", "m.wav"]
    assert any("missing.wav" in line and line.startswith("left out") for line in lines)
    bank = Bank(tmp_path / "bank")
    assert bank.tracks == tracks
    assert (tracks[0].band_hz, tracks[1].band_hz) == (RATE / 2, 3000)
    assert (tracks[0].n_channels, tracks[1].n_channels) == (2, 1)
    np.testing.assert_allclose(bank.read(tracks[0], 0, RATE), voice(RATE), atol=1e-4)
    both_sides = np.broadcast_to(music(RATE)[:1], (2, RATE))
    np.testing.assert_allclose(bank.read(tracks[1], 0, RATE), both_sides, atol=1e-4)


def test_musdb18_becomes_a_bank_of_four_stems(tmp_path: Path) -> None:
    make_musdb18(tmp_path / "set", {"train": ["A - B"], "test": ["C - D"]}, seconds=0.5)
    bank = tmp_path / "bank"
    tracks = pack(read_stems(tmp_path / "set"), PackOptions(bank, MUSDB_RATE), lambda _: None)
    assert [track.target for track in tracks] == ["drums", "bass", "other", "vocals"]
    assert {track.song for track in tracks} == {"A - B"}
    assert len({track.key for track in tracks}) == 4
    true = song_stems(0.5, 0)["bass"]
    read = Bank(bank).read(tracks[1], 0, true.shape[1])
    assert np.corrcoef(read[0, 2048:-2048], true[0, 2048:-2048])[0, 1] > 0.99


def test_other_rates_are_resampled_and_their_band_is_known(tmp_path: Path) -> None:
    write_stem(tmp_path / "v.wav", voice(RATE), rate=RATE // 2)
    listed = write_list(tmp_path, "vocals\tg\t\tv.wav\t0\tCC0-1.0")
    (track,) = packed(listed, tmp_path / "bank")
    assert track.n_samples == 2 * RATE
    assert track.band_hz == RATE / 4


def test_a_hidden_band_is_measured_on_demand(tmp_path: Path, rng: np.random.Generator) -> None:
    spectrum = np.fft.rfft(rng.standard_normal((2, 4 * RATE)))
    spectrum[:, 4 * 2500 :] = 0  # nothing above 2500 Hz
    write_stem(tmp_path / "v.wav", (0.1 * np.fft.irfft(spectrum)).astype(np.float32))
    listed = write_list(tmp_path, "vocals\tg\t\tv.wav\t0\tCC0-1.0")
    assert packed(listed, tmp_path / "bank")[0].band_hz == RATE / 2
    measured = packed(listed, tmp_path / "bank", bandwidth=True)[0].band_hz
    assert measured == pytest.approx(2500, abs=100)


def test_packing_again_decodes_nothing(tmp_path: Path) -> None:
    write_stem(tmp_path / "v.wav", voice(RATE))
    listed = write_list(tmp_path, "vocals\tg\t\tv.wav\t0\tCC0-1.0")
    first = packed(listed, tmp_path / "bank")
    stamp = next((tmp_path / "bank").glob("*.i16")).stat().st_mtime_ns
    assert packed(listed, tmp_path / "bank") == first
    assert next((tmp_path / "bank").glob("*.i16")).stat().st_mtime_ns == stamp


def test_an_interrupted_packing_goes_on(tmp_path: Path) -> None:
    for name in "ab":
        write_stem(tmp_path / f"{name}.wav", voice(RATE, ord(name)))
    listed = write_list(tmp_path, *[f"vocals\tg\t\t{n}.wav\t0\tCC0-1.0" for n in "ab"])
    first = packed(listed, tmp_path / "bank")
    # As if it had stopped between the samples and the file that marks them complete.
    broken = tmp_path / "bank" / f"{first[1].key}"
    broken.with_suffix(".shape").unlink()
    broken.with_suffix(".i16").write_bytes(b"\0\0")
    assert packed(listed, tmp_path / "bank") == first
    Bank(tmp_path / "bank").check_files()


def test_levels_lie_beside_the_samples_and_are_made_for_older_banks(tmp_path: Path) -> None:
    loud = voice(4 * RATE)
    loud[:, : 2 * RATE] *= 0.01
    write_stem(tmp_path / "v.wav", loud)
    listed = write_list(tmp_path, "vocals\tg\t\tv.wav\t0\tCC0-1.0")
    (track,) = packed(listed, tmp_path / "bank")
    bank = Bank(tmp_path / "bank")
    segment = bank.read(track, 2 * RATE, 4 * LEVEL_BLOCK)
    assert bank.level(track, 2 * RATE, 4 * LEVEL_BLOCK) == pytest.approx(
        np.sqrt(np.mean(segment**2)), rel=0.3
    )
    (tmp_path / "bank" / f"{track.key}.levels").unlink()
    old = Bank(tmp_path / "bank")
    assert old.level(track, 0, RATE) < 0.1 * old.level(track, 2 * RATE, RATE)
    packed(listed, tmp_path / "bank")
    assert (tmp_path / "bank" / f"{track.key}.levels").stat().st_size == 4 * -(
        -4 * RATE // LEVEL_BLOCK
    )


def test_nothing_decoded_is_an_error(tmp_path: Path) -> None:
    listed = write_list(tmp_path, "vocals\tg\t\tmissing.wav\t0\tCC0-1.0")
    with pytest.raises(DataError, match="check the paths"):
        packed(listed, tmp_path / "bank")


def test_damage_is_told_and_the_rest_is_packed(tmp_path: Path) -> None:
    write_stem(tmp_path / "good.wav", voice(RATE))
    bad = voice(RATE)
    bad[0, 100] = np.nan
    write_stem(tmp_path / "nan.wav", bad)
    (tmp_path / "text.wav").write_text("no sound")
    names = ("good", "nan", "text")
    listed = write_list(tmp_path, *[f"vocals\tg\t\t{n}.wav\t0\tCC0" for n in names])
    lines: list[str] = []
    tracks = pack(read_stems(listed), PackOptions(tmp_path / "bank", RATE), lines.append)
    assert [track.path for track in tracks] == ["good.wav"]
    left_out = [line for line in lines if line.startswith("left out")]
    assert "nan.wav: a sample at 0.013 s is NaN" in left_out[0]
    assert "text.wav" in left_out[1]
    assert all("\n" not in line for line in left_out)


def test_a_bank_that_cannot_be_written_stops_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_stem(tmp_path / "v.wav", voice(RATE))
    listed = write_list(tmp_path, "vocals\tg\t\tv.wav\t0\tCC0-1.0")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be made"):
        packed(listed, tmp_path / "file")

    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    target = tmp_path / "k.i16"
    with pytest.raises(OutputError, match="No space left"):
        write_track(target, voice(RATE), 4000.0)
    assert not target.exists()


def test_a_stem_listed_twice_is_one_file(tmp_path: Path) -> None:
    write_stem(tmp_path / "v.wav", voice(RATE))
    listed = write_list(tmp_path, *["vocals\tg\t\tv.wav\t0\tCC0-1.0"] * 4)
    tracks = packed(listed, tmp_path / "bank", workers=2)
    assert len({track.key for track in tracks}) == 1
    assert {track.n_samples for track in tracks} == {RATE}
    assert len(list((tmp_path / "bank").glob("*.i16"))) == 1
    assert not list((tmp_path / "bank").glob(".*"))


@pytest.mark.parametrize("text", ["{", "{}", "[]", '{"sample_rate": 1, "tracks": [{"key": "a"}]}'])
def test_a_damaged_index_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(DataError, match="not a bank"):
        Bank(tmp_path)
