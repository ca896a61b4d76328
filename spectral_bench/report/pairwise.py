"""Tables of groups in pairs, and of ranks over many data sets."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from spectral_bench.compare.criteria import SCORES, score_name
from spectral_bench.compare.pairs import Pair, paired_groups
from spectral_bench.compare.ranks import CriticalDifference, critical_differences
from spectral_bench.config.hints import unknown
from spectral_bench.errors import InputError
from spectral_bench.records.groups import Section
from spectral_bench.report.document import Cell, Column, Report, Table
from spectral_bench.report.exclusions import repeat_notes
from spectral_bench.report.numbers import interval_notes, number, with_interval

_COLUMNS = [
    Column("A", "left", label=True),
    Column("B", "left", label=True),
    Column("seeds"),
    Column("A - B"),
    Column("P(A better)"),
    Column("p"),
    Column("p (Holm)"),
]


def pairwise(
    found: Sequence[Section], *, field: str = "test", notes: Sequence[str] = ()
) -> tuple[Report, list[CriticalDifference]]:
    """Compare the groups of every section in pairs, and over the sections of a task by ranks.

    Args:
        found: from ``sections``.
        field: what groups are judged by, one of ``SCORES``.
        notes: about the whole report.

    Raises:
        InputError: the field is not in ``SCORES``.
    """
    if field not in SCORES:
        raise InputError(unknown("--metric", field, SCORES))
    tables, records, said = [], [], list(notes)
    for section in found:
        pairs = paired_groups(section, field)
        if not pairs:
            said.append(f"{section.title}: no two groups share a seed they completed.")
            continue
        tables.append(_table(section, pairs, field))
        records += [_record(section, pair) for pair in pairs]
    ranked = critical_differences(found, field)
    tables += [_rank_table(one) for one in ranked]
    document = {
        "schema": "spectral-bench/pairwise",
        "version": 1,
        "field": field,
        "pairs": records,
        "ranks": [asdict(one) for one in ranked],
    }
    return Report(tables, records, document, said), ranked


def _table(section: Section, pairs: Sequence[Pair], field: str) -> Table:
    names = {group.label: section.name(group) for group in section.groups}
    rows = [
        [
            Cell(names[pair.first]),
            Cell(names[pair.second]),
            Cell(str(len(pair.seeds))),
            Cell(with_interval(pair.gap)),
            Cell(f"{pair.improvement:.2f}"),
            Cell(number(pair.p, 2)),
            Cell(number(pair.p_holm, 2), pair.p_holm < 0.05),
        ]
        for pair in pairs
    ]
    fewest = min((len(pair.seeds) for pair in pairs if len(pair.seeds) > 1), default=None)
    notes = [
        "p: sign-flip permutation test of the differences, paired by seed.",
        *interval_notes([pair.gap for pair in pairs]),
        *repeat_notes(section.groups),
    ]
    if fewest is not None and 2.0 ** (1 - fewest) > 0.05:
        notes.append(
            f"With {fewest} seeds p cannot be below {2.0 ** (1 - fewest):g}: too few to call anything luck or not."
        )
    return Table(f"{section.title}: {score_name(section, field)} in pairs", "", _COLUMNS, rows, notes)


def _record(section: Section, pair: Pair) -> dict[str, Any]:
    return {
        "task": section.title,
        "a": pair.first,
        "b": pair.second,
        "seeds": len(pair.seeds),
        "difference": pair.gap.mean,
        "low": pair.gap.low,
        "high": pair.gap.high,
        "probability_of_improvement": pair.improvement,
        "p": pair.p,
        "p_holm": pair.p_holm,
    }


def _rank_table(one: CriticalDifference) -> Table:
    cliques = [", ".join(clique) for clique in one.cliques]
    rows = [[Cell(label), Cell(f"{rank:.2f}")] for label, rank in one.ranks.items()]
    notes = [
        f"Friedman test: p = {number(one.friedman_p, 2)}. Critical difference of mean ranks (Nemenyi, 5 %): "
        f"{one.critical_difference:.2f}.",
        *(f"Not distinguished: {clique}." for clique in cliques),
    ]
    if one.left_out:
        notes.append(f"Left out, for they lack some data sets: {', '.join(one.left_out)}.")
    columns = [Column("group", "left", label=True), Column("mean rank")]
    return Table(f"{one.task}: ranks over {one.datasets} data sets", "", columns, rows, notes)
