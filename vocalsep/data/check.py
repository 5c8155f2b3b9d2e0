"""Look through a data set: everything is decoded once, in parallel, song by song."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from vocalsep.data.inspect import Facts, inspect
from vocalsep.data.parallel import each_of
from vocalsep.data.sources import MIXTURE, StemSource
from vocalsep.errors import DataError

# AAC copies of a mixture and of its stems agree to about −20 dB; other music does not at all.
MOST_RESIDUAL_DB = -12.0
MOSTLY_SILENT = 0.95  # share of a stem above which a word is said


@dataclass
class Report:
    """What a check found.

    Attributes:
        facts: of every stem and mixture.
        residuals_db: song -> energy of mixture − Σ stems against that of the mixture.
        problems: what must be mended, each with its remedy.
        remarks: what may be meant to be so.
    """

    facts: list[Facts] = field(default_factory=list)
    residuals_db: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def summary(self) -> dict[str, dict[str, Any]]:
        """Target -> files, hours, rates, channels, seconds, silence, clipping."""
        rows = {}
        for target in sorted({fact.target for fact in self.facts}):
            good = [f for f in self.facts if f.target == target and not f.error]
            lengths = [fact.seconds for fact in good]
            rows[target] = {
                "files": sum(fact.target == target for fact in self.facts),
                "hours": sum(lengths) / 3600,
                "rates": dict(Counter(fact.sample_rate for fact in good)),
                "channels": dict(Counter(fact.n_channels for fact in good)),
                "shortest_s": min(lengths, default=0.0),
                "longest_s": max(lengths, default=0.0),
                "silent": _mean([fact.silent for fact in good]),
                "clipped_files": sum(fact.n_clipped > 0 for fact in good),
                "band_limited_files": sum(f.band_hz < 0.4 * f.sample_rate for f in good),
            }
        return rows


def check(
    sources: Sequence[StemSource],
    workers: int,
    against: Sequence[StemSource] = (),
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Decode a data set and tell what is in it and what is wrong with it.

    Args:
        workers: processes.
        against: another set that must have no recording in common, e.g. the validation songs.
        progress: told after every song how many of how many are done.

    Raises:
        DataError: there is nothing to check.
    """
    if not sources:
        raise DataError("the set is empty: expected at least one stem; name another folder")
    songs, others = _by_song(sources), _by_song(against)
    report = Report()
    other_facts: list[Facts] = []
    jobs = [*songs, *others]
    for number, result in enumerate(each_of(_check_song, jobs, workers)):
        progress(number + 1, len(jobs))
        if number >= len(songs):
            other_facts += result.facts
            continue
        report.facts += result.facts
        report.residuals_db.update(result.residuals_db)
        report.problems += result.problems
        report.remarks += result.remarks
    report.problems += _duplicates(report.facts)
    report.problems += _overlap(report.facts, other_facts)
    return report


def _by_song(sources: Iterable[StemSource]) -> list[list[StemSource]]:
    songs: dict[tuple[str, str], list[StemSource]] = {}
    for source in sources:
        key = ("song", source.song) if source.song else ("path", f"{source.target} {source.path}")
        songs.setdefault(key, []).append(source)
    return list(songs.values())


def _check_song(sources: list[StemSource]) -> Report:
    """Facts and problems of one song; its samples are dropped before the next one."""
    report = Report()
    stems: dict[str, npt.NDArray[np.float32]] = {}
    for source in sources:
        facts, samples = inspect(source)
        report.facts.append(facts)
        if samples is None:
            report.problems.append(facts.error)
        else:
            stems[source.target] = samples
            report.remarks += _remarks(facts)
    name = sources[0].song
    good = [facts for facts in report.facts if not facts.error]
    if not name or len(good) < len(report.facts):
        return report
    if not any(source.is_difference for source in sources):  # cut to the shorter part anyway
        report.problems += _unequal(name, good)
    mixture = stems.pop(MIXTURE, None)
    if mixture is not None and stems and not report.problems:
        residual_db = _residual_db(mixture, list(stems.values()))
        report.residuals_db[name] = residual_db
        if residual_db > MOST_RESIDUAL_DB:
            report.problems.append(
                f"{name}: the mixture is not the sum of its stems (their difference lies at "
                f"{residual_db:.1f} dB, expected below {MOST_RESIDUAL_DB:g} dB); look for a "
                f"missing stem, another mix, or an offset"
            )
    return report


def _remarks(facts: Facts) -> list[str]:
    found = []
    if facts.silent >= 1.0:
        found.append(f"{facts.path}: silent from start to end")
    elif facts.silent > MOSTLY_SILENT:
        found.append(f"{facts.path}: silent for {facts.silent:.0%} of its length")
    if facts.n_clipped:
        found.append(f"{facts.path}: clips in {facts.n_clipped} places")
    return found


def _unequal(song: str, good: Sequence[Facts]) -> list[str]:
    problems = []
    for what, values in (
        ("sample rates", {facts.target: facts.sample_rate for facts in good}),
        ("lengths in samples", {facts.target: facts.n_samples for facts in good}),
    ):
        if len(set(values.values())) > 1:
            listed = ", ".join(f"{target} {value}" for target, value in values.items())
            problems.append(
                f"{song}: its files have different {what} ({listed}), expected the same; export "
                f"the stems again from one session"
            )
    return problems


def _residual_db(mixture: npt.NDArray[np.float32], stems: list[npt.NDArray[np.float32]]) -> float:
    n = min(signal.shape[1] for signal in (mixture, *stems))
    residue = mixture[:, :n].copy()
    for stem in stems:
        residue -= stem[:, :n] if len(stem) <= len(residue) else stem[:, :n].mean(0, keepdims=True)
    energy, residual = (float(np.sum(np.square(x))) for x in (mixture[:, :n], residue))
    return 10 * math.log10((residual + 1e-20) / (energy + 1e-20))


def _duplicates(facts: Iterable[Facts]) -> list[str]:
    """Stems of one target with the same samples; silence is always alike."""
    seen: dict[tuple[str, str], str] = {}
    problems = []
    for each in facts:
        if each.error or each.silent >= 1.0:
            continue
        first = seen.setdefault((each.target, each.content), each.path)
        if first != each.path:
            problems.append(f"{each.path}: the same recording as {first}; remove one of them")
    return problems


def _overlap(facts: Iterable[Facts], others: Iterable[Facts]) -> list[str]:
    held = {f.content: f.path for f in others if not f.error and f.silent < 1.0}
    songs = {f.song for f in others if f.song}
    problems = []
    for each in facts:
        if not each.error and each.content in held:
            problems.append(
                f"{each.path}: also in the other set, as {held[each.content]}; a song must be "
                f"trained on or measured on, never both"
            )
    for song in sorted({each.song for each in facts if each.song} & songs):
        problems.append(
            f"{song}: a song of this name is in the other set, too; rename or remove it"
        )
    return problems


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
