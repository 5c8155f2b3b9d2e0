"""Damaged and truncated files: what decodes keeps its time, and a warning names the span."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.helpers.reading import RATE, Samples, ffmpeg, lag, needs_ffmpeg, read, read_damaged
from vocalsep.audio.read import open_audio, probe
from vocalsep.errors import UnreadableAudio

N = 12 * RATE


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise: no two moments are alike, so samples at a wrong time are seen."""
    path = tmp_path_factory.mktemp("song") / "song.wav"
    noise = 0.1 * np.random.default_rng(2).standard_normal((N, 2))
    soundfile.write(path, np.clip(noise, -1, 1), RATE, subtype="PCM_16")
    return path


def spans(warnings: list[str]) -> list[tuple[float, float]]:
    """Return the damaged spans in seconds that the warnings name."""
    found = (re.match(r"damaged from ([\d.]+) s to ([\d.]+) s", text) for text in warnings)
    return [(float(match[1]), float(match[2])) for match in found if match]


def differing(samples: Samples, whole: Samples) -> np.ndarray:
    """Return the indices at which two (C, n) signals of equal length differ audibly."""
    assert samples.shape == whole.shape
    return np.flatnonzero(np.abs(samples - whole).max(axis=0) > 1e-3)


# Codecs and containers that tell the time of what comes after the damage.
STAMPED = [
    ("a.flac", [], 0.2),
    ("a.m4a", ["-c:a", "aac", "-aac_pns", "0"], 0.6),
    ("a.ogg", ["-c:a", "libvorbis"], 2.5),
    ("a.opus", ["-c:a", "libopus"], 1.5),
    ("a.wma", [], 0.6),
    ("a.mka", ["-c:a", "libvorbis"], 6.0),
]
# Their time stamps are rounded, so what comes later is only so exactly at its time.
MILLISECONDS = ("a.wma", "a.mka")


@needs_ffmpeg
@pytest.mark.parametrize(("name", "options", "lost_s"), STAMPED, ids=[row[0] for row in STAMPED])
@pytest.mark.parametrize("how", ["noise", "zeros"])
def test_audio_behind_damage_keeps_its_time(
    tmp_path: Path, song: Path, name: str, options: list[str], lost_s: float, how: str
) -> None:
    path = tmp_path / name
    ffmpeg("-i", song, *options, path)
    whole = read(path)
    rate = probe(path).sample_rate
    data = bytearray(path.read_bytes())
    middle, n_bytes = len(data) // 2, 4000
    noise = np.random.default_rng(3).integers(0, 256, n_bytes, dtype=np.uint8).tobytes()
    data[middle : middle + n_bytes] = bytes(n_bytes) if how == "zeros" else noise
    path.write_bytes(data)

    samples, warnings = read_damaged(path)
    [(start_s, stop_s)] = spans(warnings)
    assert 4.5 < start_s < stop_s < min(7.5 + lost_s, start_s + lost_s)
    assert np.abs(samples).max() <= 1.0
    if name in MILLISECONDS:
        tail = slice(-2 * rate, None)
        assert abs(lag(samples[:, tail], whole[:, tail])) <= 0.001 * rate
        assert abs(samples.shape[1] - whole.shape[1]) <= 0.001 * rate
        return
    wrong = differing(samples, whole)
    assert 0 < len(wrong) <= lost_s * rate
    # Opus needs a moment to find back to the same prediction
    settle_s = 0.4 if name.endswith("opus") else 0.1
    assert wrong[0] >= (start_s - 0.1) * rate
    assert wrong[-1] <= (stop_s + settle_s) * rate


@needs_ffmpeg
def test_audio_behind_zeros_in_alac_keeps_its_time(tmp_path: Path, song: Path) -> None:
    """ALAC has no checksum: not all damage can be seen, but zeros can."""
    path = tmp_path / "song.m4a"
    ffmpeg("-i", song, "-c:a", "alac", path)
    whole = read(path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 4000] = bytes(4000)
    path.write_bytes(data)
    samples, warnings = read_damaged(path)
    wrong = differing(samples, whole)
    [(start_s, stop_s)] = spans(warnings)
    assert start_s * RATE - 30 <= wrong[0] <= wrong[-1] <= stop_s * RATE + 30


@needs_ffmpeg
@pytest.mark.parametrize("name", ["a.mp3", "a.aac"])
def test_damage_without_time_stamps_is_played_on(tmp_path: Path, song: Path, name: str) -> None:
    path = tmp_path / name
    ffmpeg("-i", song, path)
    whole = read(path)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4000] = bytes(4000)
    path.write_bytes(data)
    samples, warnings = read_damaged(path)
    n_before = round(5.5 * RATE)
    np.testing.assert_array_equal(samples[:, :n_before], whole[:, :n_before])
    moment = whole[:, 9 * RATE : 10 * RATE]
    around = samples[:, 8 * RATE : 11 * RATE]
    start = RATE + lag(around[:, RATE:], moment)
    found = around[:, start : start + RATE]
    np.testing.assert_allclose(found, moment[:, : found.shape[1]], atol=1e-3)
    assert np.abs(samples).max() <= 1.0  # no burst
    assert any("damaged" in warning for warning in warnings)


@needs_ffmpeg
def test_one_wrong_byte_in_flac_is_not_played_as_noise(tmp_path: Path, song: Path) -> None:
    path = tmp_path / "song.flac"
    ffmpeg("-i", song, path)
    whole = read(path)
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 0x10
    path.write_bytes(data)
    samples, warnings = read_damaged(path)
    wrong = differing(samples, whole)
    assert len(wrong) and not samples[:, wrong].any()
    [(start_s, stop_s)] = spans(warnings)
    assert (start_s * RATE, stop_s * RATE) == pytest.approx((wrong[0], wrong[-1] + 1), abs=30)


TRUNCATED = [
    ("a.wav", []),
    ("a.aiff", []),
    ("a.flac", []),
    ("a.mp3", []),
    ("a.ogg", ["-c:a", "libvorbis"]),
    ("a.opus", ["-c:a", "libopus"]),
    ("fast.m4a", ["-c:a", "aac", "-movflags", "faststart"]),
    ("a.wma", []),
    ("a.mka", ["-c:a", "libvorbis"]),
]


@needs_ffmpeg
@pytest.mark.parametrize(("name", "options"), TRUNCATED, ids=[row[0] for row in TRUNCATED])
def test_a_truncated_file_is_read_as_far_as_it_goes(
    tmp_path: Path, song: Path, name: str, options: list[str]
) -> None:
    path = tmp_path / name
    ffmpeg("-i", song, *options, path)
    whole, warnings = read_damaged(path)
    assert warnings == []
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    samples, warnings = read_damaged(path)
    rate = probe(path).sample_rate
    n_same = samples.shape[1] - rate // 10
    assert 7.0 * rate < n_same < 9.0 * rate
    np.testing.assert_allclose(samples[:, :n_same], whole[:, :n_same], atol=1e-3)
    end = f"ends at {samples.shape[1] / rate:.3f} s"
    assert any(text.startswith("truncated or damaged") and end in text for text in warnings)


def test_a_truncated_rf64_says_so(tmp_path: Path) -> None:
    path = tmp_path / "song.rf64"
    soundfile.write(path, np.full((N, 1), 0.5), RATE, subtype="PCM_24", format="RF64")
    path.write_bytes(path.read_bytes()[: N * 2])
    samples, warnings = read_damaged(path)
    assert (samples == 0.5).all()
    assert warnings == [
        f"truncated or damaged: ends at {samples.shape[1] / RATE:.3f} s, expected until 12.000 s"
    ]


@needs_ffmpeg
@pytest.mark.parametrize("name", ["a.flac", "a.mp3", "a.m4a", "a.ogg", "a.opus"])
def test_nothing_that_decodes_is_an_error(tmp_path: Path, song: Path, name: str) -> None:
    path = tmp_path / name
    ffmpeg("-i", song, *(["-movflags", "faststart"] if name == "a.m4a" else []), path)
    data = path.read_bytes()
    n_header = 200 if name == "a.mp3" else 1500
    path.write_bytes(data[:n_header] + bytes(len(data) - n_header))
    with pytest.raises(UnreadableAudio, match=re.escape(name)) as caught:
        read(path)
    assert "\n" not in str(caught.value)


@needs_ffmpeg
@pytest.mark.parametrize("name", ["a.mp3", "a.flac", "a.ogg", "a.m4a", "a.wav"])
def test_decoders_are_silent(
    tmp_path: Path, song: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    ffmpeg("-i", song, path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 9000] = bytes(9000)
    path.write_bytes(data[: len(data) * 9 // 10])
    if name != "a.m4a":
        read(path)
    else:
        with pytest.raises(UnreadableAudio):
            read(path)
    assert capfd.readouterr() == ("", "")


@needs_ffmpeg
def test_warnings_fill_while_reading(tmp_path: Path, song: Path) -> None:
    path = tmp_path / "song.flac"
    ffmpeg("-i", song, path)
    path.write_bytes(path.read_bytes()[:-3000])
    with open_audio(path) as reader:
        assert reader.warnings == []
        for _ in reader.blocks():
            pass
        assert len(reader.warnings) == 1
