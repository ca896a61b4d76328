"""Groups of runs beside published numbers, and which of those are comparable."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from spectral_bench.compare.published import Published, fitting
from spectral_bench.compare.scores import scores
from spectral_bench.compare.statistics import Estimate, estimate
from spectral_bench.records.groups import Group, Section
from spectral_bench.report.comparison_table import describe
from spectral_bench.report.document import Cell, Column, Report, Table
from spectral_bench.report.footnotes import Footnotes, reasons, sources
from spectral_bench.report.numbers import NOTHING, interval_notes, number, share, with_interval, worse_notes

_COLUMNS = [
    Column("model", "left", label=True),
    Column("hidden"),
    Column("ours"),
    Column("published"),
    Column("difference"),
    Column("comparable", "left"),
]


def against_papers(found: Sequence[Section], notes: Sequence[str] = ()) -> Report:
    """Every published number for the sections' tasks: beside the groups of its model and size, then the others."""
    tables, records = [], []
    remarks = list(notes)
    cited, explained = sources(), reasons()
    for section in found:
        numbers = fitting(section)
        if not numbers:
            remarks.append(f"{section.title}: no published numbers for this setting are known here.")
            continue
        pairs = _pairs(section, numbers)
        rows = [_row(section, group, one, cited, explained) for group, one in pairs]
        records += [_record(section, group, one) for group, one in pairs]
        shown = [_ours(group, one) for group, one in pairs]
        below = [
            *interval_notes(shown),
            *worse_notes(max((_without(section, group, one) for group, one in pairs), default=0)),
            *explained.below(one.why for _, one in pairs),
            *cited.below(one.source for _, one in pairs),
        ]
        tables.append(Table(f"{section.title}: ours and theirs", describe(section), _COLUMNS, rows, below))
    return Report(tables, records, {"schema": "spectral-bench/against", "version": 1, "rows": records}, remarks)


def _pairs(section: Section, numbers: Sequence[Published]) -> list[tuple[Group | None, Published]]:
    """Ours first, the rest by value, the best first."""
    matched = [(group, one) for group in section.groups for one in numbers if one.is_of(group)]
    used = [one for _, one in matched]
    sign = -1 if section.mode == "max" else 1
    others = sorted((one for one in numbers if one not in used), key=lambda one: sign * one.value)
    return [*matched, *((None, one) for one in others)]


def _ours(group: Group | None, one: Published) -> Estimate | None:
    return None if group is None else estimate(group.values(one.field))


def _without(section: Section, group: Group | None, one: Published) -> int:
    """How many seeds of ours are worse than any number, and in no mean."""
    return 0 if group is None else scores(section, group, one.field).without


def _row(section: Section, group: Group | None, one: Published, cited: Footnotes, explained: Footnotes) -> list[Cell]:
    ours = _ours(group, one)
    remark = f" {explained.cite(one.why)}" if one.why else ""
    return [
        Cell(one.name if group is None else group.label, group is not None),
        Cell(NOTHING if one.hidden is None else str(one.hidden)),
        Cell(with_interval(ours) + share(ours.n, ours.n + _without(section, group, one)) if ours else NOTHING),
        Cell(f"{'loss ' if one.metric == 'loss' else ''}{number(one.value)} {cited.cite(one.source)}"),
        Cell(NOTHING if ours is None else f"{ours.mean - one.value:+.4g}"),
        Cell(("yes" if one.comparable else "no") + remark),
    ]


def _record(section: Section, group: Group | None, one: Published) -> dict[str, Any]:
    ours = _ours(group, one)
    return {
        **asdict(one),
        "group": None if group is None else group.label,
        "ours": ours.mean if ours else None,
        "ours_low": ours.low if ours else None,
        "ours_high": ours.high if ours else None,
        "ours_n": ours.n if ours else 0,
        "ours_worse_than_any": _without(section, group, one),
        "difference": ours.mean - one.value if ours else None,
        "setting": section.title,
    }
