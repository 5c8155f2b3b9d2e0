"""Which tracks make up which stem, and how often they are drawn."""

from __future__ import annotations

import numpy as np
import pytest

from vocalsep.data.bank import Track
from vocalsep.data.shelf import Shelf, Take, parts_of, takes_of
from vocalsep.errors import DataError


def track(target: str, song: str = "", group: str = "g", n_samples: int = 10) -> Track:
    return Track(f"{target}{song}{group}", target, group, song, "x", "MIT", 4000.0, 2, n_samples)


def targets(takes: dict[str, Take]) -> dict[str, list[str]]:
    return {stem: [t.target for t in take.tracks] for stem, take in takes.items()}


FOUR = {"vocals", "drums", "bass", "other"}


@pytest.mark.parametrize(
    ("stems", "expected"),
    [
        (["vocals", "accompaniment"], {"vocals": {"vocals"}, "accompaniment": FOUR - {"vocals"}}),
        (["vocals", "drums", "bass", "other"], {name: {name} for name in FOUR}),
        (["accompaniment", "vocals"], {"accompaniment": FOUR - {"vocals"}, "vocals": {"vocals"}}),
        (["vocals", "drums", "rest"],
         {"vocals": {"vocals"}, "drums": {"drums"}, "rest": {"bass", "other"}}),
        (["piano", "residual"], {"piano": set(), "residual": FOUR}),
    ],
)  # fmt: skip
def test_parts_of_a_song_of_four(stems: list[str], expected: dict[str, set[str]]) -> None:
    assert parts_of(stems, FOUR) == expected
    summed = [target for parts in parts_of(stems, FOUR).values() for target in parts]
    assert sorted(summed) == sorted(FOUR)  # nothing twice, nothing lost


def test_an_undivided_accompaniment_is_never_taken_for_other() -> None:
    song = [track("vocals", "one"), track("accompaniment", "one")]
    (takes,) = takes_of(song, ["vocals", "drums", "bass", "other"])
    assert targets(takes) == {"vocals": ["vocals"]}


def test_unpaired_tracks_serve_what_they_are_called() -> None:
    loose = [track("vocals"), track("accompaniment"), track("drums")]
    two = [targets(t) for t in takes_of(loose, ["vocals", "accompaniment"])]
    assert two == [
        {"vocals": ["vocals"]},
        {"accompaniment": ["accompaniment"]},
        {"accompaniment": ["drums"]},
    ]
    four = [targets(t) for t in takes_of(loose, ["vocals", "drums", "bass", "other"])]
    assert four == [{"vocals": ["vocals"]}, {"drums": ["drums"]}]


def test_takes_know_length_and_band() -> None:
    take = Take((track("drums", n_samples=5), track("bass", n_samples=9)))
    assert (take.n_samples, take.band_hz, take.group) == (9, 4000.0, "g")


def test_shares_decide_between_groups_and_length_within() -> None:
    takes = [Take((track("v", "", "a", n),)) for n in (10, 30)] + [Take((track("v", "", "b", 1),))]
    shelf = Shelf("bank", "v", takes, {"a": 0.8, "b": 0.2})
    rng = np.random.default_rng(0)
    drawn = [shelf.draw(rng) for _ in range(4000)]
    share_a = np.mean([take.group == "a" for take in drawn])
    assert share_a == pytest.approx(0.8, abs=0.02)
    long = np.mean([take.n_samples == 30 for take in drawn if take.group == "a"])
    assert long == pytest.approx(0.75, abs=0.03)
    by_length = Shelf("bank", "v", takes, {})
    drawn = [by_length.draw(rng) for _ in range(4000)]
    assert np.mean([take.group == "b" for take in drawn]) == pytest.approx(1 / 41, abs=0.01)


def test_a_group_with_no_share_is_never_drawn() -> None:
    takes = [Take((track("v", "", group),)) for group in "ab"]
    shelf = Shelf("bank", "v", takes, {"a": 0.0, "b": 1.0})
    assert {shelf.draw(np.random.default_rng(k)).group for k in range(50)} == {"b"}


def test_what_is_missing_is_named() -> None:
    with pytest.raises(DataError, match="no track is of the stem 'drums'"):
        Shelf("bank", "drums", [], {})
    with pytest.raises(DataError, match="in the group 'x'; it has: g"):
        Shelf("bank", "v", [Take((track("v"),))], {"x": 1.0})
