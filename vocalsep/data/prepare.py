"""Training brings its own bank: what `mixing.root` names is packed when the bank lacks it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from vocalsep.data.bank import Bank
from vocalsep.data.layouts import read_stems
from vocalsep.data.pack import PackOptions, pack
from vocalsep.data.sources import MIXTURE, StemSource
from vocalsep.errors import DataError, VocalsepError
from vocalsep.recipe import Recipe

HELD_OUT = "test"
WAIT_S = 2.0


def prepare(recipe: Recipe, report: Callable[[str], None], local_rank: int = 0) -> None:
    """Pack the data set of a recipe, unless its bank holds it already or it names none.

    An interrupted packing goes on where it stopped.

    Args:
        report: called with a line for every stem that is packed.
        local_rank: number of this process among those of the machine: the first one packs, the
            others wait until it is done.

    Raises:
        DataError: there is no bank and no data set, a stem cannot be decoded, or the held-out split
            is asked for.
        OutputError: the bank cannot be written.
    """
    mixing = recipe.mixing
    if mixing.shards:
        return
    if not mixing.bank:
        raise DataError(
            "mixing.bank is empty: name the folder that `vocalsep data pack` wrote, or where "
            "training shall pack mixing.root"
        )
    if not mixing.root:
        Bank(Path(mixing.bank)).check_files()
        return
    if not Path(mixing.root).exists():
        raise DataError(
            f"mixing.root is {mixing.root!r}: no such folder or list; set it to where the data are "
            f"(mixing.root=FOLDER)"
        )
    sources = training_stems(Path(mixing.root), mixing.layout, mixing.split)
    options = PackOptions(
        Path(mixing.bank), recipe.audio.sample_rate, os.cpu_count() or 1, mixing.bandwidth
    )
    while not _is_complete(options, sources):
        if local_rank == 0:
            return _pack(sources, options, report)
        time.sleep(WAIT_S)


def _pack(sources: list[StemSource], options: PackOptions, report: Callable[[str], None]) -> None:
    n_stems = sum(source.target != MIXTURE for source in sources)
    report(f"packing {n_stems} stems into {options.bank}")
    left_out: list[str] = []

    def note(line: str) -> None:
        if line.startswith("left out"):
            left_out.append(line)
        report(line)

    pack(sources, options, note)
    if left_out:
        raise DataError(
            f"{len(left_out)} of {n_stems} stems of mixing.root could not be packed, first: "
            f"{left_out[0].removeprefix('left out: ')}; mend them, or pack without them by "
            f"`vocalsep data pack` and leave mixing.root empty"
        )


def training_stems(root: Path, layout: str, split: str) -> list[StemSource]:
    """The stems of a split that may be trained on.

    Raises:
        DataError: as `read_stems`, or it is the held-out split.
    """
    if HELD_OUT in split:
        raise DataError(
            f"split is {split!r}: the test split is held out for evaluation, expected train, "
            f"valid or train+valid"
        )
    return read_stems(root, layout, split)


def _is_complete(options: PackOptions, sources: list[StemSource]) -> bool:
    try:
        bank = Bank(options.bank)
        bank.check_files()
    except VocalsepError:
        return False
    return bank.made_from == options.fingerprint(sources)
