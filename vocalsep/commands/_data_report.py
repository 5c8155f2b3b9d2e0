"""What `vocalsep data check` prints."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from vocalsep.commands._table import table

if TYPE_CHECKING:
    from vocalsep.data.check import Report

MOST_REMARKS = 20


def as_json_text(report: Report) -> str:
    """One object; levels of silence are null."""
    facts = [_plain(asdict(each) | {"seconds": each.seconds}) for each in report.facts]
    return json.dumps(
        {
            "ok": not report.problems,
            "summary": report.summary(),
            "residuals_db": report.residuals_db,
            "problems": report.problems,
            "remarks": report.remarks,
            "stems": facts,
        },
        indent=2,
    )


def as_table(report: Report) -> str:
    """The summary as a table, then remarks, then problems, worst last."""
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    heading = ["stem", "files", "hours", "Hz", "channels", "seconds", "silent", "clip", "cut off"]
    yield table([heading, *(_cells(name, row) for name, row in report.summary().items())])
    if report.residuals_db:
        worst = max(report.residuals_db, key=lambda song: report.residuals_db[song])
        yield (
            f"mixture against the sum of the stems: at worst {report.residuals_db[worst]:.1f} dB "
            f"({worst})"
        )
    yield from findings(report.remarks, report.problems)


def findings(remarks: Sequence[str], problems: Sequence[str]) -> Iterator[str]:
    """Lines of what was found in a data set, the worst last."""
    for remark in remarks[:MOST_REMARKS]:
        yield f"note: {remark}"
    if len(remarks) > MOST_REMARKS:
        yield f"note: {len(remarks) - MOST_REMARKS} more like these; --json lists all"
    for problem in problems:
        yield f"problem: {problem}"
    yield f"{len(problems)} problems, {len(remarks)} notes"


def _cells(name: str, row: Mapping[str, Any]) -> list[str]:
    return [
        name,
        str(row["files"]),
        f"{row['hours']:.2f}",
        _counts(row["rates"]),
        _counts(row["channels"]),
        f"{row['shortest_s']:.1f} to {row['longest_s']:.1f}",
        f"{row['silent']:.0%}",
        str(row["clipped_files"]),
        str(row["band_limited_files"]),
    ]


def _counts(counts: Mapping[int, int]) -> str:
    """ "44100" if all are, else "44100 (98), 48000 (2)"."""
    if len(counts) == 1:
        return str(next(iter(counts)))
    return ", ".join(f"{value} ({count})" for value, count in sorted(counts.items()))


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    return {key: None if value == float("-inf") else value for key, value in facts.items()}
