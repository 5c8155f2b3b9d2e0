"""Which stems of a model are written."""

from __future__ import annotations

from vocalsep.errors import PlanError
from vocalsep.registry import did_you_mean

VOCALS, ACCOMPANIMENT = "vocals", "accompaniment"


def derived_stems(stems: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Stems that can be asked for beside a model's own, each with those it is the sum of.

    A model of vocals and several instruments also gives "accompaniment", all but the vocals.

    >>> derived_stems(("vocals", "drums", "other"))
    {'accompaniment': ('drums', 'other')}
    >>> derived_stems(("vocals", "accompaniment"))
    {}
    """
    if VOCALS not in stems or ACCOMPANIMENT in stems:
        return {}
    return {ACCOMPANIMENT: tuple(stem for stem in stems if stem != VOCALS)}


def chosen_stems(asked: str | None, stems: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the stems to write: the one that is asked for, or all of the model's own.

    Raises:
        PlanError: the model has no stem of that name.
    """
    if asked is None:
        return stems
    known = [*stems, *derived_stems(stems)]
    if asked not in known:
        raise PlanError(
            f"the model has no stem {asked!r}, only {', '.join(known)}: "
            f"{did_you_mean(asked, known)}"
        )
    return (asked,)
