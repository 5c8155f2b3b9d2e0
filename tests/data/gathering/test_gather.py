"""Files out of repositories: copied, joined, summed; what fails does not stop the rest."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from click.testing import CliRunner

from vocalsep.cli import cli
from vocalsep.data.gathering.gather import gather, read_rows, without_silences
from vocalsep.data.gathering.repository import matching, open_repository
from vocalsep.errors import DataError

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs the program git")

RATE = 8000
HEADER = "path\trepository\tsource\thow\tseconds\n"


def tone(seconds: float, hertz: float, level: float = 0.4) -> npt.NDArray[np.float64]:
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A repository anna/voices with a few sounds."""
    folder = tmp_path_factory.mktemp("remote") / "anna" / "voices"
    (folder / "notes" / "low").mkdir(parents=True)
    pause = np.zeros(2 * RATE)
    for name, sound in {
        "notes/a.wav": np.concatenate([tone(1, 440), pause, tone(1, 440)]),
        "notes/low/b.wav": tone(1, 220, 0.2),
        "notes/low/again.wav": tone(1, 220, 0.2),
        "one [loud] *.wav": tone(1, 300, 0.8),
        "two.wav": tone(1.5, 300, 0.8),
    }.items():
        soundfile.write(folder / name, sound, RATE, subtype="FLOAT")
    (folder / "notes" / "broken.wav").write_bytes(b"RIFF....WAVE")
    (folder / "large.wav").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "sounds")
    git(folder, "checkout", "--quiet", "-b", "pages")
    (folder / "page.wav").write_bytes(b"page")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "page")
    git(folder, "checkout", "--quiet", "-")
    return folder.as_uri()


def made(address: str, root: Path, *rows: str) -> dict[str, str]:
    """Make rows of path, source, how and seconds; path -> what was said."""
    text = HEADER
    for row in rows:
        path, rest = row.split("\t", 1)
        text += f"{path}\t{address}\t{rest}\n"
    listed = root / "list.tsv"
    listed.write_text(text)
    return {m.path: m.error or m.note for m in gather(read_rows(listed), root, root / "clones")}


def test_a_copy_is_the_file(address: str, tmp_path: Path) -> None:
    said = made(address, tmp_path, "voices/one.wav\tone [loud] *.wav\tcopied\t")
    assert said == {"voices/one.wav": ""}
    sound, rate = soundfile.read(tmp_path / "voices" / "one.wav")
    assert rate == RATE and np.array_equal(sound.astype("f4"), tone(1, 300, 0.8).astype("f4"))
    assert (tmp_path / "clones" / "anna" / "voices.git").is_dir()


def test_another_branch_is_told_by_its_name(address: str, tmp_path: Path) -> None:
    (tmp_path / "clones").mkdir()
    with pytest.raises(DataError, match="git "):
        open_repository(f"{address}@nowhere", tmp_path, tmp_path / "clones")
    pages = open_repository(f"{address}@pages", tmp_path, tmp_path / "clones")
    assert "page.wav" in pages.files and pages.read("page.wav") == b"page"
    assert "page.wav" not in open_repository(address, tmp_path, tmp_path / "clones").files
    kept = [folder.name for folder in (tmp_path / "clones" / "anna").iterdir()]
    assert sorted(kept) == ["voices.git", "voices@pages.git"]


def test_a_join_has_each_sound_once_and_no_long_silence(address: str, tmp_path: Path) -> None:
    said = made(address, tmp_path, "all.flac\tnotes/**/*.wav\tjoined\t")
    assert "without 1 of 4 files" in said["all.flac"] and "broken.wav" in said["all.flac"]
    sound, rate = soundfile.read(tmp_path / "all.flac")
    # Two seconds and what is kept of the pause on both its sides, one second, and a gap after each.
    assert rate == RATE and len(sound) / rate == pytest.approx(2 + 0.4 + 1 + 2 * 0.2, abs=0.03)
    assert np.abs(sound).max() == pytest.approx(0.9, abs=1e-3)


def test_a_part_of_a_join_is_drawn_and_always_the_same(address: str, tmp_path: Path) -> None:
    rows = ("a.flac\tnotes/**/*.wav\tjoined\t1.1", "b.flac\ttwo.wav | one [loud] *.wav\tjoined\t1")
    for root in ("first", "second"):
        (tmp_path / root).mkdir()
        made(address, tmp_path / root, *rows)
    for name, seconds in (("a.flac", 1.1), ("b.flac", 1.0)):
        first, second = (soundfile.read(tmp_path / root / name)[0] for root in ("first", "second"))
        assert np.array_equal(first, second) and len(first) == round(seconds * RATE)


def test_a_sum_is_as_loud_as_its_parts_unless_it_would_clip(address: str, tmp_path: Path) -> None:
    rows = ("soft.flac\tnotes/low/b.wav\tsummed\t", "loud.flac\tone [[]*.wav | two.wav\tsummed\t")
    said = made(address, tmp_path, *rows)
    assert said["soft.flac"] == "" and "has no file 'one [[]*.wav'" in said["loud.flac"]
    made(address, tmp_path, "loud.flac\tone [loud] *.wav | two.wav\tsummed\t")
    soft, rate = soundfile.read(tmp_path / "soft.flac")
    assert rate == 44100 and np.abs(soft).max() == pytest.approx(0.2, abs=0.01)
    loud, _ = soundfile.read(tmp_path / "loud.flac")
    assert np.abs(loud).max() == pytest.approx(0.9, abs=0.01)
    assert len(loud) == pytest.approx(1.5 * 44100, abs=2)


def test_debian_packages_are_read_where_they_were_unpacked(tmp_path: Path) -> None:
    there = tmp_path / "debian" / "game-data" / "usr" / "share" / "tune.ogg"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"tune")
    rows = ("a.ogg\tDebian game-data\tusr/share/*.ogg\tcopied\n", "b.ogg\tDebian no\tb\tcopied\n")
    (tmp_path / "list.tsv").write_text(HEADER.replace("\tseconds", "") + "".join(rows))
    found = {m.path: m.error for m in gather(read_rows(tmp_path / "list.tsv"), tmp_path, tmp_path)}
    assert found["a.ogg"] == "" and (tmp_path / "a.ogg").read_bytes() == b"tune"
    assert "unpack the package" in found["b.ogg"]


def test_the_command_goes_on_after_a_failure_and_says_so(address: str, tmp_path: Path) -> None:
    (tmp_path / "list.tsv").write_text(
        f"{HEADER}x.wav\tfile:///nowhere/bob/songs\tx.wav\tcopied\t\n"
        f"y.wav\t{address}\tlarge.wav\tcopied\t\nz.wav\t{address}\ttwo.wav\tcopied\t\n"
    )
    words = ["data", "gather", str(tmp_path / "list.tsv"), "-o", str(tmp_path / "data")]
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 1 and result.stdout == "z.wav\n"
    assert "x.wav: git " in result.stderr and "y.wav: large.wav" in result.stderr
    assert "2 of 3 files could not be made" in result.stderr
    assert [file.name for file in (tmp_path / "data").glob("*.*")] == ["z.wav"]
    assert not list((tmp_path / "data").rglob("*.tmp"))
    # What is there is left, and its repository is not even opened.
    (tmp_path / "data" / "x.wav").write_bytes(b"mine")
    (tmp_path / "data" / "y.wav").write_bytes(b"mine")
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0 and (tmp_path / "data" / "x.wav").read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path\tsource\n", "lacks 'repository'"),
        (f"{HEADER}../x\ta/b\tx\tcopied\t\n", "expected one below the root"),
        (f"{HEADER}/x\ta/b\tx\tcopied\t\n", "expected one below the root"),
        (f"{HEADER}x\ta/b\tx\tstolen\t\n", "expected copied, joined, summed"),
        (f"{HEADER}x\ta/b\tx\tjoined\tlong\n", "expected a number"),
    ],
)
def test_impossible_lists_are_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "list.tsv").write_text(text)
    with pytest.raises(DataError, match=message):
        read_rows(tmp_path / "list.tsv")


def test_without_git_the_message_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataError, match="git is not installed"):
        open_repository("anna/voices", tmp_path, tmp_path / "clones")


def test_patterns() -> None:
    files = ["a.wav", "x/a.wav", "x/y/a.wav", "x/y/a*.wav", "x/(1) a.wav"]
    assert matching("*.wav", files) == ["a.wav"]
    assert matching("**/a.wav", files) == ["a.wav", "x/a.wav", "x/y/a.wav"]
    assert matching("x/y/a*.wav", files) == ["x/y/a*.wav"]  # that very name
    assert matching("x/(1)*", files) == ["x/(1) a.wav"]


def test_silences_are_cut_to_what_lies_around_sounds() -> None:
    sound = np.concatenate([np.zeros(RATE), tone(0.5, 440), np.zeros(RATE)]).astype(np.float32)
    assert len(without_silences(sound, RATE)) / RATE == pytest.approx(0.9, abs=0.03)
    assert len(without_silences(np.zeros(RATE, np.float32), RATE)) == 0
    assert len(without_silences(np.zeros(3, np.float32), RATE)) == 0


def test_the_lists_of_the_recipes_can_be_read() -> None:
    recipes = Path(__file__).parents[3] / "recipes"
    for name in ("sources.tsv", "speech.tsv"):
        rows = read_rows(recipes / name)
        assert len({row.path for row in rows}) == len(rows) > 100
