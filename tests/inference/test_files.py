"""One file through the whole chain: exact sums, gain, rates, cancelling, nothing half-written."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from torch import Tensor

from tests.helpers.fake_models import CPU, SignFlip, four_stems, identity_separator
from vocalsep.audio.write import BlockWriter
from vocalsep.errors import Cancelled, OutputError, PlanError, UnreadableAudio, UnsupportedFormat
from vocalsep.inference.cancel import CancelToken
from vocalsep.inference.events import Progress
from vocalsep.inference.manifest import MANIFEST_NAME, read_manifest
from vocalsep.inference.options import FileOptions
from vocalsep.inference.separator import Separator
from vocalsep.models.identity import IdentitySeparator

TEMPLATE = "{stem}.{ext}"
STEMS = ("vocals", "accompaniment")


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


@pytest.fixture
def song(tmp_path: Path, rng: np.random.Generator) -> Path:
    """Two seconds of 16-bit stereo noise."""
    codes = rng.integers(-20000, 20000, (88200, 2), dtype=np.int16)
    soundfile.write(tmp_path / "song.wav", codes, 44100, subtype="PCM_16")
    return tmp_path / "song.wav"


def options(**changes: object) -> FileOptions:
    return FileOptions(template=TEMPLATE, **changes)  # type: ignore[arg-type]


def codes(path: Path) -> np.ndarray:
    return soundfile.read(path, dtype="int32", always_2d=True)[0]


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32"])
@pytest.mark.parametrize("sample_rate", [44100, 96000])
def test_integer_stems_add_up_exactly(
    tmp_path: Path, rng: np.random.Generator, subtype: str, sample_rate: int
) -> None:
    source = tmp_path / "song.wav"
    audio = rng.uniform(-0.6, 0.6, (30001, 2))
    soundfile.write(source, audio, sample_rate, subtype=subtype)
    result = identity_separator(gain=0.37).separate_file(source, tmp_path / "out")
    assert result.gain == 1.0
    assert result.overs == 0
    vocals, rest = (codes(result.outputs[stem]) for stem in STEMS)
    assert soundfile.info(result.outputs["vocals"]).subtype == subtype
    assert soundfile.info(result.outputs["vocals"]).samplerate == sample_rate
    np.testing.assert_array_equal(vocals.astype(np.int64) + rest, codes(source))


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24"])
def test_four_integer_stems_add_up_exactly_and_so_does_the_accompaniment(
    tmp_path: Path, rng: np.random.Generator, subtype: str
) -> None:
    source = tmp_path / "song.wav"
    soundfile.write(source, rng.uniform(-0.6, 0.6, (30001, 2)), 48000, subtype=subtype)
    separator = Separator(four_stems(), run=CPU)
    result = separator.separate_file(source, tmp_path / "out")
    assert tuple(result.outputs) == tuple(result.levels) == separator.stems
    stems = {name: codes(path).astype(np.int64) for name, path in result.outputs.items()}
    np.testing.assert_array_equal(sum(stems.values()), codes(source))
    result = separator.separate_file(source, tmp_path / "out", options(stem="accompaniment"))
    assert list(result.outputs) == list(result.levels) == ["accompaniment"]
    accompaniment = codes(result.outputs["accompaniment"])
    np.testing.assert_array_equal(accompaniment, codes(source) - stems["vocals"])
    assert soundfile.info(result.outputs["accompaniment"]).subtype == subtype


def test_four_stems_at_another_rate_stay_together(song: Path, tmp_path: Path) -> None:
    result = Separator(four_stems(), run=CPU).separate_file(
        song, tmp_path / "out", options(format="opus")
    )
    peaks = [result.levels[stem].peak_db for stem in ("vocals", "drums", "bass", "other")]
    np.testing.assert_allclose(np.diff(peaks), [-6.02, -6.02, 0], atol=0.02)
    assert {soundfile.info(path).frames for path in result.outputs.values()} == {96000}


def test_float_stems_are_not_clamped(tmp_path: Path, rng: np.random.Generator) -> None:
    audio = rng.uniform(-3, 3, (30001, 1)).astype(np.float32)
    soundfile.write(tmp_path / "song.wav", audio, 44100, subtype="FLOAT")
    result = identity_separator(gain=0.5).separate_file(tmp_path / "song.wav", tmp_path / "out")
    stems = [soundfile.read(result.outputs[stem], dtype="float32")[0] for stem in STEMS]
    np.testing.assert_allclose(stems[0], 0.5 * audio[:, 0], atol=5e-6)
    np.testing.assert_allclose(stems[0] + stems[1], audio[:, 0], atol=1e-6)


def test_result_and_progress(song: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    separator = identity_separator(gain=0.5)
    result = separator.separate_file(song, tmp_path / "out", progress=seen.append)
    assert result.source == str(song)
    assert result.audio_s == pytest.approx(2.0)
    assert result.seconds > 0
    assert result.levels["vocals"].peak_db == pytest.approx(20 * np.log10(10000 / 32768), abs=0.01)
    assert result.levels["vocals"].rms_db == pytest.approx(-15.1, abs=0.1)
    assert result.warnings == ()
    assert [p.done_s for p in seen] == sorted(p.done_s for p in seen)
    assert seen[-1] == Progress(str(song), 2.0, 2.0, 1)
    assert len(seen) > 5


def test_clipping_is_undone_by_one_common_gain(tmp_path: Path, rng: np.random.Generator) -> None:
    audio = rng.uniform(-0.9, 0.9, (30001, 2))
    source = tmp_path / "song.wav"
    soundfile.write(source, audio, 44100, subtype="PCM_16")
    separator = Separator(SignFlip(chunk_samples=4096), run=CPU)  # residual: twice the mixture
    seen: list[Progress] = []
    result = separator.separate_file(source, tmp_path / "out", progress=seen.append)
    assert 0.5 < result.gain < 0.56
    assert result.overs == 0
    assert {p.n_pass for p in seen} == {1, 2}
    vocals, rest = (codes(result.outputs[stem]) / 2**31 for stem in STEMS)
    expected = result.gain * codes(source) / 2**31
    np.testing.assert_allclose(vocals + rest, expected, atol=1.5 / 2**15)
    np.testing.assert_allclose(vocals, -expected, atol=1.5 / 2**15)
    (entry,) = read_manifest(tmp_path / "out" / MANIFEST_NAME)
    assert entry.gain == result.gain


def test_a_stem_that_is_not_written_cannot_clip(tmp_path: Path, rng: np.random.Generator) -> None:
    soundfile.write(tmp_path / "song.wav", rng.uniform(-0.9, 0.9, (3000, 2)), 44100)
    separator = Separator(SignFlip(), run=CPU)
    result = separator.separate_file(
        tmp_path / "song.wav", tmp_path / "out", options(stem="vocals")
    )
    assert result.gain == 1.0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [MANIFEST_NAME, "vocals.wav"]


def test_lossy_stems_report_overs_and_keep_the_level(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    soundfile.write(tmp_path / "song.wav", rng.uniform(-0.9, 0.9, (30000, 2)), 44100)
    separator = Separator(SignFlip(), run=CPU)
    result = separator.separate_file(tmp_path / "song.wav", tmp_path / "out", options(format="ogg"))
    assert result.gain == 1.0
    assert result.overs > 1000
    result = separator.separate_file(
        tmp_path / "song.wav", tmp_path / "out", options(format="ogg", stem="vocals")
    )
    assert result.overs == 0  # only the residual, which is not written, is too loud


def test_opus_is_converted_to_its_rate(song: Path, tmp_path: Path) -> None:
    separator = identity_separator(gain=0.5)
    result = separator.separate_file(song, tmp_path / "out", options(format="opus"))
    info = soundfile.info(result.outputs["vocals"])
    assert info.samplerate == 48000
    assert info.frames == 96000


def test_a_span(song: Path, tmp_path: Path) -> None:
    result = identity_separator().separate_file(
        song, tmp_path / "out", options(start_s=0.5, end_s=1.25)
    )
    np.testing.assert_array_equal(
        codes(result.outputs["vocals"]), codes(song)[22050 : 22050 + 33075]
    )
    assert result.audio_s == pytest.approx(0.75)


def test_the_same_bytes_on_every_run(song: Path, tmp_path: Path) -> None:
    separator = identity_separator(gain=0.37)
    for format_name in ("wav", "flac"):
        runs = [
            separator.separate_file(song, tmp_path / name, options(format=format_name)).outputs
            for name in ("one", "two")
        ]
        for stem in STEMS:
            assert runs[0][stem].read_bytes() == runs[1][stem].read_bytes()


@pytest.mark.parametrize("name", ["🎤 歌.wav", "-rf.wav", " a b .wav", "x" * 251 + ".wav"])
def test_any_legal_name(song: Path, tmp_path: Path, name: str) -> None:
    source = song.rename(tmp_path / name)
    template = FileOptions(template="{track}/{stem}.{ext}")
    result = identity_separator().separate_file(source, tmp_path / "out", template)
    assert result.outputs["vocals"] == tmp_path / "out" / Path(name).stem / "vocals.wav"
    assert result.outputs["vocals"].is_file()


def test_cancel_leaves_nothing(song: Path, tmp_path: Path) -> None:
    token = CancelToken()
    with pytest.raises(Cancelled):
        identity_separator().separate_file(
            song, tmp_path / "out", progress=lambda progress: token.cancel(), cancel=token
        )
    assert sorted(tmp_path.iterdir()) == [song]


def test_an_error_of_the_callback_leaves_nothing(song: Path, tmp_path: Path) -> None:
    def progress(progress: Progress) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        identity_separator().separate_file(song, tmp_path / "out", progress=progress)
    assert sorted(tmp_path.iterdir()) == [song]


class Broken(IdentitySeparator):
    """Works for a while."""

    n_calls = 0

    def forward(self, mixture: Tensor) -> Tensor:
        self.n_calls += 1
        if self.n_calls > 1:
            raise RuntimeError("broken network")
        return super().forward(mixture)


def test_an_error_of_the_network_leaves_nothing(song: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="broken network"):
        Separator(Broken(chunk_samples=4096), run=CPU).separate_file(song, tmp_path / "out")
    assert sorted(tmp_path.iterdir()) == [song]


@pytest.mark.parametrize("method", ["write", "finish"])
def test_a_full_disk_leaves_nothing(
    song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    def fail(*arguments: object) -> None:
        raise OutputError("disk full")

    monkeypatch.setattr(BlockWriter, method, fail)
    with pytest.raises(OutputError, match="disk full"):
        identity_separator().separate_file(song, tmp_path / "out")
    assert sorted(tmp_path.iterdir()) == [song]


def test_old_stems_stay_until_new_ones_are_complete(song: Path, tmp_path: Path) -> None:
    identity_separator().separate_file(song, tmp_path / "out")
    old = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    with pytest.raises(RuntimeError, match="broken network"):
        Separator(Broken(chunk_samples=4096), run=CPU).separate_file(song, tmp_path / "out")
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == old


def test_a_nan_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    audio = np.zeros((88200, 2), np.float32)
    audio[70000, 1] = np.nan
    soundfile.write(tmp_path / "song.wav", audio, 44100, subtype="FLOAT")
    with pytest.raises(UnreadableAudio, match="NaN"):
        identity_separator().separate_file(tmp_path / "song.wav", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["song.wav"]


def test_typed_errors_before_any_work(song: Path, tmp_path: Path) -> None:
    separator = identity_separator()
    cases = [
        (UnreadableAudio, tmp_path / "missing.wav", options()),
        (UnreadableAudio, song, options(start_s=5.0)),
        (PlanError, song, options(start_s=2.0, end_s=1.0)),
        (PlanError, song, options(start_s=-1.0)),
        (PlanError, song, options(stem="vocal")),
        (PlanError, song, FileOptions(template="{source_dir}/song.{ext}", stem="vocals")),
        (UnsupportedFormat, song, options(format="aiff")),
        (UnsupportedFormat, song, options(format="wav", subtype="mp3")),
    ]
    for error, source, file_options in cases:
        with pytest.raises(error) as caught:
            separator.separate_file(source, tmp_path / "out", file_options)
        assert "\n" not in str(caught.value)
    assert sorted(tmp_path.iterdir()) == [song]


def test_silence_gives_silence(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "song.wav", np.zeros((30000, 2)), 48000, subtype="PCM_16")
    result = identity_separator().separate_file(tmp_path / "song.wav", tmp_path / "out")
    for stem in STEMS:
        assert not codes(result.outputs[stem]).any()
        assert result.levels[stem].peak_db is None


@pytest.mark.skipif(sys.platform != "linux", reason="names elsewhere are text")
def test_a_name_that_is_no_text(song: Path, tmp_path: Path) -> None:
    source = song.rename(tmp_path / os.fsdecode(b"\xff\xfe.wav"))
    template = FileOptions(template="{track}/{stem}.{ext}")
    result = identity_separator().separate_file(source, tmp_path / "out", template)
    assert result.outputs["vocals"].is_file()
