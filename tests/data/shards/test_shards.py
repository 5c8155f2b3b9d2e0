"""Tar shards: what is written is what is read, in a fixed order, resumable, local and remote."""

from __future__ import annotations

import dataclasses
import errno
import functools
import http.server
import io
import shutil
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.synth import RATE, make_bank, music, tiny_recipe, voice, write_stem
from vocalsep.data.bank import Bank
from vocalsep.data.layouts import guess_layout, read_stems
from vocalsep.data.loader import Batch, batches
from vocalsep.data.pack import PackOptions, pack
from vocalsep.data.shards.pool import Pool
from vocalsep.data.shards.read import SampleStream, Shard, find_shards
from vocalsep.data.shards.write import ShardOptions, write_shards
from vocalsep.data.sources import load
from vocalsep.errors import DataError, OutputError
from vocalsep.recipe import Recipe

N_BYTES = 70_000  # of a shard: two samples of half a second fit


def write(bank: Bank, folder: Path, **changes: object) -> Path:
    options = ShardOptions(folder, seconds=0.5, shard_bytes=N_BYTES)
    options = dataclasses.replace(options, **changes)  # type: ignore[arg-type]
    return write_shards(bank, options, lambda _: None)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of a handful of shards."""
    folder = tmp_path_factory.mktemp("shards")
    return write(make_bank(folder / "bank", seconds=2.0), folder / "tars")


def recipe_of(shards: str, workers: int = 0, steps: int = 6) -> Recipe:
    recipe = tiny_recipe(Path("no bank"), steps=steps)
    mixing = dataclasses.replace(recipe.mixing, shards=[shards], shard_pool=8, shard_refresh=1)
    training = dataclasses.replace(recipe.training, workers=workers)
    return dataclasses.replace(recipe, mixing=mixing, training=training)


def sources(items: Iterator[Batch]) -> list[np.ndarray]:
    return [batch.sources.numpy() for batch in items]


def test_shards_are_small_whole_and_counted(shards: Path) -> None:
    found = find_shards([str(shards)])
    tars = sorted(shards.parent.glob("*.tar"))
    assert len(tars) == len(found) >= 4
    assert sum(shard.n_samples or 0 for shard in found) == 4 + 4 + 4  # a song, a voice, a music
    assert max(path.stat().st_size for path in tars) < N_BYTES + 20_000
    assert not list(shards.parent.glob(".*"))


def test_samples_are_the_spans_of_the_bank(shards: Path) -> None:
    stems = read_stems(shards.parent)
    assert guess_layout(shards.parent) == "webdataset"
    by_target = {(s.group, s.target, s.song): s for s in stems}
    sample = by_target["songs", "vocals", "000000_00001"]
    expected = voice(2 * RATE)[:, RATE // 2 : RATE]
    np.testing.assert_allclose(load(sample, RATE).samples, expected, atol=1e-4)
    assert by_target["loose", "vocals", "000001_00002"].band_hz == 2000.0
    assert {stem.licence for stem in stems} == {"CC0-1.0"}
    paired = [s.target for s in stems if s.song == "000000_00001"]
    assert sorted(paired) == ["accompaniment", "vocals"]


def test_shards_can_be_packed_again(shards: Path, tmp_path: Path) -> None:
    stems = read_stems(shards.parent)
    tracks = pack(stems, PackOptions(tmp_path, RATE), lambda _: None)
    assert len(tracks) == len(stems)
    assert len({track.key for track in tracks}) == len(stems)


def test_writing_again_writes_nothing_and_the_missing_is_written(shards: Path) -> None:
    bank = Bank(shards.parent.parent / "bank")
    stamps = {p: p.stat().st_mtime_ns for p in shards.parent.glob("*.tar")}
    lost = min(stamps)
    content = lost.read_bytes()
    lost.unlink()
    write(bank, shards.parent)
    assert lost.read_bytes() == content
    others = {p: p.stat().st_mtime_ns for p in shards.parent.glob("*.tar") if p != lost}
    assert others == {p: stamp for p, stamp in stamps.items() if p != lost}


def test_opus_shards(tmp_path: Path) -> None:
    index = write(make_bank(tmp_path / "bank", 1.0), tmp_path / "tars", codec="opus")
    stems = [s for s in read_stems(index.parent) if s.target == "vocals" and s.group == "songs"]
    first = load(min(stems, key=lambda s: s.song), RATE).samples
    assert first.shape == (2, RATE // 2)
    assert np.corrcoef(first[0], voice(RATE)[0, : RATE // 2])[0, 1] > 0.95


def test_opus_holds_few_rates(tmp_path: Path) -> None:
    write_stem(tmp_path / "set" / "vocals" / "v.wav", voice(4000))
    stems = read_stems(tmp_path / "set")
    pack(stems, PackOptions(tmp_path / "bank", 44100), lambda _: None)
    with pytest.raises(DataError, match="which Opus cannot hold"):
        write(Bank(tmp_path / "bank"), tmp_path / "tars", codec="opus")


def test_a_full_disk_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bank = make_bank(tmp_path / "bank", 1.0)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tarfile.TarFile, "addfile", full)
    with pytest.raises(OutputError, match=r"\.tar: cannot be written: No space left"):
        write(bank, tmp_path / "tars")
    assert not list((tmp_path / "tars").iterdir())


def test_nothing_but_silence_is_refused(tmp_path: Path) -> None:
    write_stem(tmp_path / "set" / "vocals" / "v.wav", np.zeros((2, RATE), np.float32))
    pack(read_stems(tmp_path / "set"), PackOptions(tmp_path / "bank", RATE), lambda _: None)
    with pytest.raises(DataError, match="nothing but silence"):
        write(Bank(tmp_path / "bank"), tmp_path / "tars")


class TestStream:
    def test_streams_share_the_set_and_skip_alike(self, shards: Path) -> None:
        counted = find_shards([str(shards)])
        uncounted = [Shard(shard.url) for shard in counted]
        seen = []
        for number in range(2):
            stream = SampleStream(counted, 7, number, 2)
            endless = stream.samples()
            keys = [next(endless)["__key__"] for _ in range(30)]
            for skipped in (0, 1, 5, 17):
                for each in (stream, SampleStream(uncounted, 7, number, 2)):
                    assert next(each.samples(skipped))["__key__"] == keys[skipped]
            seen.append(keys)
        assert set(seen[0][:4]).isdisjoint(seen[1][:4])
        assert len({*seen[0], *seen[1]}) == 12

    def test_the_seed_and_the_round_decide_the_order(self, shards: Path) -> None:
        found = find_shards([str(shards)])

        def keys(seed: int, n: int) -> list[str]:
            endless = SampleStream(found, seed, 0, 1).samples()
            return [next(endless)["__key__"] for _ in range(n)]

        assert keys(1, 12) == keys(1, 12)
        assert keys(1, 12) != keys(2, 12)
        rounds = keys(1, 24)
        assert sorted(rounds[:12]) == sorted(rounds[12:])
        assert rounds[:12] != rounds[12:]

    def test_the_pool_is_a_function_of_the_step(self, shards: Path) -> None:
        def pool() -> Pool:
            stream = SampleStream(find_shards([str(shards)]), 3, 0, 1)
            return Pool(stream, RATE, size=6, refresh=2)

        walked, jumped = pool(), pool()
        for step in range(5):
            walked.move_to(step)
        jumped.move_to(4)
        assert walked.tracks == jumped.tracks
        track = walked.tracks[0]
        assert np.array_equal(walked.read(track, 10, 500), jumped.read(track, 10, 500))
        assert walked.level(track, 0, 4000) > 0


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_resume_in_the_middle(shards: Path, workers: int) -> None:
    recipe = recipe_of(str(shards), workers)
    whole, rest = sources(batches(recipe, 0)), sources(batches(recipe, 3))
    assert len(whole) == 6
    assert all(np.array_equal(a, b) for a, b in zip(whole[3:], rest, strict=True))
    assert not np.array_equal(whole[0], whole[1])


def test_one_worker_is_as_none(shards: Path) -> None:
    alone = sources(batches(recipe_of(str(shards), 0, 2), 0))
    helped = sources(batches(recipe_of(str(shards), 1, 2), 0))
    assert all(np.array_equal(a, b) for a, b in zip(alone, helped, strict=True))


@pytest.fixture
def server(shards: Path) -> Iterator[str]:
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Quiet."""

    handler = functools.partial(Handler, directory=str(shards.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.skipif(shutil.which("curl") is None, reason="webdataset fetches URLs with curl")
def test_remote_shards_give_the_same_batches(shards: Path, server: str) -> None:
    remote = recipe_of(f"{server}/shardindex.json", steps=2)
    local = recipe_of(str(shards), steps=2)
    pairs = zip(sources(batches(remote, 0)), sources(batches(local, 0)), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)
    with pytest.raises(DataError, match=r"none\.tar"):
        next(SampleStream([Shard(f"{server}/none.tar")], 0, 0, 1).samples())


def test_patterns_count(tmp_path: Path) -> None:
    for name in ("a08.tar", "a09.tar", "a10.tar"):
        (tmp_path / name).write_bytes(b"")
    found = find_shards([str(tmp_path / "a{08..10}.tar")])
    assert [Path(shard.url).name for shard in found] == ["a08.tar", "a09.tar", "a10.tar"]
    assert find_shards(["s3://bucket/{0..1}.tar"]) == [
        Shard("s3://bucket/0.tar"),
        Shard("s3://bucket/1.tar"),
    ]


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("pipe:rm -r x", "not 'pipe'"),
        ("ftp://host/x.tar", "not 'ftp'"),
        ("nowhere.tar", "no such shard"),
        ("nowhere.json", "not an index"),
    ],
)
def test_what_is_no_shard_is_refused(pattern: str, says: str) -> None:
    with pytest.raises(DataError, match=says):
        find_shards([pattern])


def test_an_index_cannot_bring_in_commands(tmp_path: Path) -> None:
    index = tmp_path / "shardindex.json"
    index.write_text('{"shardlist": [{"url": "pipe:true", "nsamples": 1}]}')
    (tmp_path / "pipe:true").write_bytes(b"")
    assert all(not shard.url.startswith("pipe") for shard in find_shards([str(index)]))


def tar_of(path: Path, **files: bytes) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name.replace("__", "."))
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "is empty"),
        ({"a__json": b"{}"}, "no stem in it"),
        ({"a__vocals__flac": b"no sound", "a__json": b"{}"}, "not a sample of stems"),
        ({"a__json": b"{"}, "not a sample of stems"),
    ],
)
@pytest.mark.parametrize("workers", [0, 1])
def test_damaged_shards_are_one_line(
    tmp_path: Path, files: dict[str, bytes], says: str, workers: int
) -> None:
    path = tar_of(tmp_path / "x.tar", **files)
    with pytest.raises(DataError, match=says) as caught:
        next(batches(recipe_of(str(path), workers), 0))
    assert "\n" not in str(caught.value)
    assert "x.tar" in str(caught.value)


def test_a_torn_shard_is_named(tmp_path: Path, shards: Path) -> None:
    torn = tmp_path / "torn.tar"
    torn.write_bytes(min(shards.parent.glob("*.tar")).read_bytes()[:2000])
    with pytest.raises(DataError, match=r"torn\.tar"):
        next(batches(recipe_of(str(torn)), 0))
    with pytest.raises(DataError, match="not a whole tar shard"):
        read_stems(tmp_path)


def test_more_processes_than_shards_are_refused(tmp_path: Path) -> None:
    make_bank(tmp_path / "bank", 1.0)
    index = write(Bank(tmp_path / "bank"), tmp_path / "tars", shard_bytes=10**9)
    with pytest.raises(DataError, match="1 shards for 2 loader processes"):
        next(batches(recipe_of(str(index), workers=2), 0))


def test_a_pool_without_one_of_the_stems_says_so(tmp_path: Path) -> None:
    write_stem(tmp_path / "set" / "music" / "m.wav", music(RATE))
    pack(read_stems(tmp_path / "set"), PackOptions(tmp_path / "bank", RATE), lambda _: None)
    index = write(Bank(tmp_path / "bank"), tmp_path / "tars")
    with pytest.raises(DataError, match="no track is of the stem 'vocals'"):
        next(batches(recipe_of(str(index)), 0))
