"""What a recipe's data consists of, without decoding any of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from vocalsep.data.bank import Bank
from vocalsep.data.prepare import training_stems
from vocalsep.data.shards.read import find_shards
from vocalsep.data.sources import MIXTURE
from vocalsep.errors import VocalsepError
from vocalsep.recipe import Recipe


def describe(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """Lines of (what, how much): of the shards, the bank, or what is still to be packed."""
    mixing = recipe.mixing
    try:
        if mixing.shards:
            yield from _shards(mixing.shards)
        elif mixing.root and not (Path(mixing.bank) / "index.json").exists():
            yield from _unpacked(recipe)
        else:
            yield from _bank(Path(mixing.bank))
    except VocalsepError as error:
        yield "data", str(error)


def _shards(patterns: list[str]) -> Iterator[tuple[str, str]]:
    shards = find_shards(patterns)
    counts = [shard.n_samples for shard in shards]
    known = [count for count in counts if count is not None]
    samples = f"{sum(known)} samples" if len(known) == len(counts) else "an unknown number"
    yield "data", f"{len(shards)} shards of {samples}"


def _unpacked(recipe: Recipe) -> Iterator[tuple[str, str]]:
    mixing = recipe.mixing
    sources = training_stems(Path(mixing.root), mixing.layout, mixing.split)
    for target in sorted({source.target for source in sources} - {MIXTURE}):
        n_stems = sum(source.target == target for source in sources)
        yield f"data: {target}", f"{n_stems} stems of {mixing.root}, to be packed"


def _bank(folder: Path) -> Iterator[tuple[str, str]]:
    bank = Bank(folder)
    for target in sorted({track.target for track in bank.tracks}):
        tracks = [track for track in bank.tracks if track.target == target]
        hours = sum(track.n_samples for track in tracks) / bank.sample_rate / 3600
        groups = ", ".join(sorted({track.group for track in tracks}))
        yield f"data: {target}", f"{len(tracks)} tracks, {hours:.2f} hours, of {groups}"
