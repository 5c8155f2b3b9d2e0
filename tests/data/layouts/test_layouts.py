"""Folders, pairs and lists: what lies where is what comes out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.helpers.synth import RATE, music, voice, write_stem
from vocalsep.data.layouts import GUESSES, LAYOUTS, SPLITS, guess_layout, read_stems
from vocalsep.data.layouts.manifest import read_list
from vocalsep.data.sources import StemSource, load
from vocalsep.errors import DataError, RecipeError, UnreadableAudio

N = RATE // 2


def lay(root: Path, *names: str) -> None:
    for seed, name in enumerate(names):
        write_stem(root / name, voice(N, seed))


def found(root: Path, layout: str = "", split: str = "train") -> list[tuple[str, str, str, str]]:
    return [(s.target, s.group, s.song, s.path) for s in read_stems(root, layout, split)]


def test_every_layout_is_guessed_somewhere() -> None:
    assert sorted(GUESSES) == LAYOUTS.names()
    assert all(LAYOUTS.build(name, {}).summary for name in GUESSES)


def test_songs(tmp_path: Path) -> None:
    root = tmp_path / "album"
    lay(root, "one/Vocals.wav", "one/drums.wav", "two/vocals.wav", "two/Mix.wav", "two/.hidden.wav")
    (root / "two" / "notes.txt").write_text("not audio")
    assert guess_layout(root) == "songs"
    assert found(root) == [
        ("vocals", "album", "one", "one/Vocals.wav"),
        ("drums", "album", "one", "one/drums.wav"),
        ("mixture", "album", "two", "two/Mix.wav"),
        ("vocals", "album", "two", "two/vocals.wav"),
    ]


def test_songs_in_splits(tmp_path: Path) -> None:
    lay(tmp_path, "train/one/vocals.wav", "valid/two/vocals.wav")
    assert guess_layout(tmp_path) == "songs"
    assert [song for _, _, song, _ in found(tmp_path)] == ["one"]
    assert [song for _, _, song, _ in found(tmp_path, split="valid")] == ["two"]
    assert [song for _, _, song, _ in found(tmp_path, split="train+valid")] == ["one", "two"]
    with pytest.raises(DataError, match="it has: train, valid"):
        found(tmp_path, split="test")


def test_two_files_for_one_stem_are_refused(tmp_path: Path) -> None:
    lay(tmp_path, "one/vocals.wav", "one/VOCALS.w64")
    with pytest.raises(DataError, match="remove one"):
        found(tmp_path, "songs")


def test_stems(tmp_path: Path) -> None:
    lay(tmp_path, "voices/anna/a.wav", "voices/b.wav", "Music/deep/er/c.wav")
    assert guess_layout(tmp_path) == "stems"
    assert found(tmp_path) == [
        ("accompaniment", "deep", "", "Music/deep/er/c.wav"),
        ("vocals", "anna", "", "voices/anna/a.wav"),
        ("vocals", "vocals", "", "voices/b.wav"),
    ]


@pytest.mark.parametrize(
    ("mixture", "instrumental"),
    [
        ("song/mixture.wav", "song/instrumental.wav"),
        ("song/audio.wav", "song/Karaoke.wav"),
        ("song.wav", "song (Instrumental).wav"),
        ("song.wav", "song - instrumental.wav"),
        ("song.wav", "song_instrumental.wav"),
    ],
)
def test_the_voice_of_a_pair_is_the_difference(
    tmp_path: Path, mixture: str, instrumental: str
) -> None:
    write_stem(tmp_path / mixture, voice(N) + music(N))
    write_stem(tmp_path / instrumental, music(N))
    assert guess_layout(tmp_path) == "pairs"
    stems = {stem.target: stem for stem in read_stems(tmp_path)}
    assert {stem.song for stem in stems.values()} == {"song"}
    np.testing.assert_allclose(load(stems["vocals"], RATE).samples, voice(N), atol=1e-6)
    np.testing.assert_allclose(load(stems["accompaniment"], RATE).samples, music(N), atol=1e-6)


@pytest.mark.parametrize(
    ("instrumental", "says"),
    [
        (np.roll(music(N), 40, axis=1), r"-0\.0050 s \(-40 samples .* start of the instrumental"),
        (np.roll(music(N), -40, axis=1), r"\+40 samples .* start of the mixture"),
        (0.5 * music(N), r"at \+[56]\.\d dB, expected 0"),
        (music(N, seed=77), "not the same music"),
    ],
)
def test_pairs_that_do_not_fit_are_refused(
    tmp_path: Path, instrumental: np.ndarray, says: str
) -> None:
    write_stem(tmp_path / "song" / "mix.wav", 0.5 * voice(N) + music(N))
    write_stem(tmp_path / "song" / "instrumental.wav", instrumental)
    (difference,) = [s for s in read_stems(tmp_path, "pairs") if s.target == "vocals"]
    with pytest.raises(DataError, match=says):
        load(difference, RATE)


def test_pairs_need_a_pair(tmp_path: Path) -> None:
    lay(tmp_path, "song/mixture.wav")
    with pytest.raises(DataError, match="no pair"):
        read_stems(tmp_path, "pairs")


LISTS = {
    "list.tsv": "target\tgroup\tsong\tpath\tband_hz\tlicence\n"
    "vocals\tg\tone\ta.wav + b.wav\t3000\tMIT\n"
    "other\tg\tone\tfolder\t0\tMIT\n",
    "list.csv": "path,target,song,group,band_hz,licence\n"
    "a.wav + b.wav,vocals,one,g,3000,MIT\n"
    "folder,other,one,g,,MIT\n",
    "list.jsonl": '{"target": "vocals", "path": "a.wav + b.wav", "song": "one", "group": "g", '
    '"band_hz": 3000, "licence": "MIT"}\n\n'
    '{"target": "other", "path": "folder", "song": "one", "group": "g", "licence": "MIT"}\n',
}


@pytest.mark.parametrize("name", LISTS)
def test_lists_of_any_kind_say_the_same(tmp_path: Path, name: str) -> None:
    lay(tmp_path, "a.wav", "b.wav", "folder/1.wav", "folder/2.wav")
    (tmp_path / name).write_text(LISTS[name], encoding="utf-8")
    assert guess_layout(tmp_path / name) == "manifest"
    summed, joined = read_stems(tmp_path / name)
    assert (summed.target, summed.group, summed.song) == ("vocals", "g", "one")
    assert (summed.band_hz, summed.licence, joined.band_hz) == (3000.0, "MIT", 0.0)
    np.testing.assert_allclose(load(summed, RATE).samples, voice(N, 0) + voice(N, 1), atol=1e-6)
    both = np.concatenate([voice(N, 2), voice(N, 3)], axis=1)
    np.testing.assert_allclose(load(joined, RATE).samples, both, atol=1e-6)


def test_lists_have_splits_and_differences_and_other_roots(tmp_path: Path) -> None:
    lay(tmp_path / "root", "a + b.wav", "c.wav")
    listed = tmp_path / "list.csv"
    listed.write_text("target,path,split\nx,a + b.wav,\ny,c.wav,valid\nz,c.wav - c.wav,train\n")

    def targets(split: str) -> list[str]:
        return [s.target for s in read_list(listed, tmp_path / "root", split)]

    assert targets("train") == ["x", "z"]
    assert targets("valid") == ["y"]
    assert targets("train+valid") == ["x", "y", "z"]
    named, _, difference = read_list(listed, tmp_path / "root")
    assert load(named, RATE).samples.shape == (2, N)  # a name with a plus is no sum
    assert difference.is_difference
    assert not load(difference, RATE).samples.any()


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("l.tsv", "", "lacks 'target'"),
        ("l.tsv", "target\tpath\n", "lists no stems"),
        ("l.tsv", "target\tpaht\tpath\n", "did you mean 'path'"),
        ("l.csv", "target,path,band_hz\nv,x.wav,high\n", "line 2: band_hz is 'high'"),
        ("l.csv", "target,path\nv,\n", "line 2: target or path is empty"),
        ("l.jsonl", '{"target": "v"}\n', "line 1 lacks 'path'"),
        ("l.jsonl", "{\n", "line 1: not JSON"),
        ("l.jsonl", "[]\n", "expected an object"),
    ],
)
def test_bad_lists_are_refused(tmp_path: Path, name: str, text: str, says: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=says):
        read_stems(tmp_path / name)


@pytest.mark.parametrize("layout", GUESSES)
def test_an_empty_set_is_an_error(tmp_path: Path, layout: str) -> None:
    root = tmp_path / "list.tsv" if layout == "manifest" else tmp_path / "empty"
    if layout == "manifest":
        root.write_text("target\tpath\n")
    else:
        root.mkdir()
    with pytest.raises(DataError, match=r"empty|lists no stems|no folder train|no pair"):
        read_stems(root, layout)


def test_nothing_there_and_nothing_known(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        guess_layout(tmp_path / "nowhere")
    with pytest.raises(DataError, match="expected one of the layouts"):
        guess_layout(tmp_path)
    with pytest.raises(RecipeError, match="did you mean 'songs'"):
        read_stems(tmp_path, "song")
    with pytest.raises(DataError, match=", ".join(SPLITS).replace("+", r"\+")):
        read_stems(tmp_path, "songs", "training")


def test_a_folder_without_audio_fails_when_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "l.csv").write_text("target,path\nv,empty\nv,nowhere.wav\n")
    empty, nowhere = read_stems(tmp_path / "l.csv")
    with pytest.raises(DataError, match="without sound files"):
        load(empty, RATE)
    with pytest.raises(UnreadableAudio, match=r"nowhere\.wav"):
        load(nowhere, RATE)


def test_sources_are_plain_values() -> None:
    """They go to other processes."""
    assert StemSource("a", "b", "c", "d", ()) == StemSource("a", "b", "c", "d", ())
