"""Tables of groups in pairs, and of ranks over many data sets."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from spectral_bench.compare.criteria import SCORES, score_name
from spectral_bench.compare.pairs import Pair, paired_groups
from spectral_bench.compare.ranks import (
    CriticalDifference,
    critical_differences,
    data_set_ranks,
    dependent_tasks,
    ranks_over_tasks,
)
from spectral_bench.compare.statistics import differences_needed, smallest_p
from spectral_bench.config.hints import unknown
from spectral_bench.errors import InputError
from spectral_bench.records.groups import Section
from spectral_bench.report.data_set_table import data_set_document, data_set_table, rank_notes
from spectral_bench.report.document import Cell, Column, Report, Table
from spectral_bench.report.exclusions import repeat_notes
from spectral_bench.report.numbers import interval_notes, number, share, with_interval

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
    found: Sequence[Section], *, field: str = "test", over_tasks: bool = False, notes: Sequence[str] = ()
) -> tuple[Report, list[CriticalDifference]]:
    """Compare the groups of every section in pairs, and over the sections of a task by ranks.

    Args:
        found: from ``sections``.
        field: what groups are judged by, one of ``SCORES``.
        over_tasks: rank them over all tasks, too.
        notes: about the whole report.

    Raises:
        InputError: the field is not in ``SCORES``, or there are no tasks that groups can be ranked over.
    """
    if field not in SCORES:
        raise InputError(unknown("--metric", field, SCORES))
    tables, records, remarks = [], [], list(notes)
    for section in found:
        pairs = paired_groups(section, field)
        if not pairs:
            remarks.append(f"{section.title}: no two groups share a seed that both completed or diverged with.")
            continue
        tables.append(_table(section, pairs, field))
        records += [_record(section, pair) for pair in pairs]
    over_data_sets = data_set_ranks(found, field) + ([ranks_over_tasks(found, field)] if over_tasks else [])
    ranked = critical_differences(over_data_sets)
    remarks += [
        f"{task}: no ranks over its settings: lengths and the like are not independent data sets."
        for task in dependent_tasks(found)
    ]
    tables += map(data_set_table, over_data_sets)
    tables += [_rank_table(one) for one in ranked]
    document = {
        "schema": "spectral-bench/pairwise",
        "version": 2,
        "field": field,
        "pairs": records,
        "data_sets": data_set_document(over_data_sets),
        "ranks": [asdict(one) for one in ranked],
    }
    return Report(tables, records, document, remarks), ranked


def _table(section: Section, pairs: Sequence[Pair], field: str) -> Table:
    names = {group.label: section.name(group) for group in section.groups}
    rows = [
        [
            Cell(names[pair.first]),
            Cell(names[pair.second]),
            Cell(str(len(pair.seeds))),
            Cell(with_interval(pair.gap) + share(pair.gap.n if pair.gap else 0, len(pair.seeds))),
            Cell(f"{pair.improvement:.2f}"),
            Cell(number(pair.p, 2)),
            Cell(number(pair.p_holm, 2), pair.p_holm < 0.05),
        ]
        for pair in pairs
    ]
    notes = [
        "p: sign-flip permutation test of the differences, paired by seed.",
        *interval_notes([pair.gap for pair in pairs]),
        *repeat_notes(section.groups),
    ]
    if any(pair.gap is None or pair.gap.n < len(pair.seeds) for pair in pairs):
        notes.append(
            "A seed that diverged, never got there, or came to no finite value, is worse than any number; "
            "A - B is over the seeds that have one in both (k of n)."
        )
    fewest = min((len(pair.seeds) for pair in pairs if len(pair.seeds) > 1), default=None)
    if fewest is not None:
        notes += _too_few(len(pairs), fewest)
    return Table(f"{section.title}: {score_name(section, field)} in pairs", "", _COLUMNS, rows, notes)


def _too_few(pairs: int, seeds: int) -> list[str]:
    """A note where the test cannot reach 5 %, whatever the numbers are."""
    if smallest_p(pairs, seeds) <= 0.05:
        return []
    text = f"With {seeds} seeds p cannot be below {smallest_p(1, seeds):g}"
    if pairs > 1:
        text += f", corrected for {pairs} pairs not below {smallest_p(pairs, seeds):g}"
    return [f"{text}: too few to call anything luck or not. It takes {differences_needed(pairs)} to reach 5 %."]


def _record(section: Section, pair: Pair) -> dict[str, Any]:
    return {
        "task": section.title,
        "a": pair.first,
        "b": pair.second,
        "seeds": len(pair.seeds),
        "difference": pair.gap.mean if pair.gap else None,
        "low": pair.gap.low if pair.gap else None,
        "high": pair.gap.high if pair.gap else None,
        "compared": pair.gap.n if pair.gap else 0,
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
    notes += rank_notes(one.left_out, one.mixed)
    columns = [Column("group", "left", label=True), Column("mean rank")]
    over = f"{one.datasets} {'tasks' if one.over_tasks else 'data sets'}"
    return Table(f"{one.task}: ranks over {over}", "", columns, rows, notes)
