"""Read tar shards in a fixed order, from files and URLs.

Each loader process of each rank has a stream of its own: stream g of G gets every G-th shard, in an
order that is drawn anew for every round through the set. So what a stream yields follows from
(seed, g, G) and the list of shards, and a resumed training finds its place by counting.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit
from urllib.request import urlopen

import numpy as np

from vocalsep.errors import DataError

SCHEMES = ("", "file", "http", "https", "s3", "gs")
_COUNT = re.compile(r"\{(\d+)\.\.(\d+)\}")


@dataclass(frozen=True)
class Shard:
    """A tar file.

    Attributes:
        url: path or URL.
        n_samples: how many it holds; None if no index tells.
    """

    url: str
    n_samples: int | None = None


def find_shards(patterns: Sequence[str]) -> list[Shard]:
    """The shards of a recipe: paths, URLs, {000..099} counts, or an index.

    Raises:
        DataError: a URL of another kind, or a local file or an index that is not there.
    """
    shards: list[Shard] = []
    for pattern in patterns:
        _check_scheme(pattern)
        if pattern.endswith(".json"):
            shards += _indexed(pattern)
        else:
            shards += [Shard(url) for url in _expanded(pattern)]
    for shard in shards:
        _check_scheme(shard.url)
        path = Path(shard.url)
        if not urlsplit(shard.url).scheme and not path.is_file():
            raise DataError(f"{path}: no such shard; correct mixing.shards or write it again")
    if not shards:
        raise DataError("mixing.shards names no shard")
    return shards


class SampleStream:
    """The raw samples of one stream, endless.

    Args:
        shards: all shards of the set.
        seed: of the order.
        number: of this stream.
        n_streams: how many share the set.

    Raises:
        DataError: there are fewer shards than streams, or the library is missing.
    """

    def __init__(self, shards: Sequence[Shard], seed: int, number: int, n_streams: int) -> None:
        if len(shards) < n_streams:
            raise DataError(
                f"{len(shards)} shards for {n_streams} loader processes: expected one for each; "
                f"lower training.workers or write smaller shards"
            )
        _require_library()
        self.shards = shards
        self.seed = seed
        self.number = number
        self.n_streams = n_streams

    def samples(self, n_skipped: int = 0) -> Iterator[dict[str, Any]]:
        """Samples as file suffix -> bytes, from number `n_skipped` on.

        Raises:
            DataError: a shard cannot be read, or all of them are empty.
        """
        left = n_skipped
        for shard in self._order():
            if shard.n_samples is not None and shard.n_samples <= left:
                left -= shard.n_samples
                continue
            for sample in _read(shard.url):
                if left:
                    left -= 1
                else:
                    yield sample

    def _order(self) -> Iterator[Shard]:
        round_number = 0
        while True:
            rng = np.random.default_rng([self.seed, round_number])
            order = rng.permutation(len(self.shards))[self.number :: self.n_streams]
            yield from (self.shards[k] for k in order)
            round_number += 1


def _read(url: str) -> Iterator[dict[str, Any]]:
    from webdataset.gopen import gopen
    from webdataset.tariterators import group_by_keys, tar_file_expander

    empty = True
    try:
        with closing(gopen(url)) as stream:  # which the library itself leaves open
            members = tar_file_expander([{"url": url, "stream": stream}])
            for sample in group_by_keys(members, lcase=False):
                empty = False
                yield sample
    except Exception as error:  # the library raises whatever it meets, with its own additions
        reason = str(error.args[0]) if error.args else type(error).__name__
        raise DataError(f"{url}: cannot be read ({reason}); write or fetch it again") from error
    if empty:
        raise DataError(f"{url}: the shard is empty or was not found; write or fetch it again")


def _require_library() -> None:
    try:
        import webdataset  # noqa: F401
    except ImportError as error:
        raise DataError(
            "mixing.shards needs the package webdataset, which is not installed: "
            "pip install 'vocalsep[train]'"
        ) from error


def _check_scheme(url: str) -> None:
    scheme = urlsplit(url).scheme if "://" in url or url.startswith("pipe:") else ""
    if scheme not in SCHEMES:
        # The library would run "pipe:" as a command of the shell.
        raise DataError(
            f"{url}: shards are read from paths and {', '.join(SCHEMES[1:])} URLs, not {scheme!r}"
        )


def _expanded(pattern: str) -> list[str]:
    """ "a{08..10}.tar" as a08.tar, a09.tar, a10.tar."""
    found = _COUNT.search(pattern)
    if found is None:
        return [pattern]
    first, last = found.groups()
    numbers = (f"{k:0{len(first)}d}" for k in range(int(first), int(last) + 1))
    before, after = pattern[: found.start()], pattern[found.end() :]
    return [url for number in numbers for url in _expanded(before + number + after)]


def _indexed(url: str) -> list[Shard]:
    """The shards of an index; their names are relative to it."""
    try:
        if urlsplit(url).scheme in ("http", "https"):
            with urlopen(url, timeout=30) as response:
                index = json.load(response)
        else:
            index = json.loads(Path(url).read_text(encoding="utf-8"))
        rows = [(str(row["url"]), int(row["nsamples"])) for row in index["shardlist"]]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{url}: not an index of shards ({error})") from error
    if urlsplit(url).scheme:
        return [Shard(urljoin(url, name), count) for name, count in rows]
    return [Shard(str(Path(url).parent / name), count) for name, count in rows]
