"""Data sets against groups: what each group came to on each, and its mean rank."""

from collections.abc import Sequence
from typing import Any

from spectral_bench.compare.ranks import DataSetRanks
from spectral_bench.compare.statistics import estimate
from spectral_bench.report.document import Cell, Column, Table
from spectral_bench.report.numbers import NOTHING, interval_notes, share, with_interval, worse_notes

#: So many groups without a rank are named; of several tasks, where there may be many, they have no column.
_NAMED = 5

_OVER_TASKS = "A task counts as a data set. A group may be configured otherwise on each, by the recipe of its task."


def data_set_table(one: DataSetRanks) -> Table:
    """A row for every data set, a column for every group, the best of a row in bold; mean ranks at the end.

    Args:
        one: the groups of a task over its data sets, or over tasks.
    """
    labels = list(one.ranks) if one.over_tasks else [*one.ranks, *one.left_out]
    shown, without, rows = [], 0, []
    for position, (dataset, of_set) in enumerate(one.scores.items()):
        first = min(ranks[position] for ranks in one.by_data_set.values())
        arrow = "↑" if next(iter(of_set.values())).higher_is_better else "↓"
        row = [Cell(f"{dataset}: {one.judged_by[dataset]} {arrow}" if one.over_tasks else dataset)]
        for label in labels:
            found = of_set.get(label)
            mean = None if found is None else estimate(found.finite)
            shown.append(mean)
            without += 0 if found is None else found.without
            text = NOTHING if found is None else with_interval(mean) + share(len(found.finite), len(found.by_seed))
            row.append(Cell(text, label in one.ranks and one.by_data_set[label][position] == first))
        rows.append(row)
    best = min(one.ranks.values())
    ranked = [Cell(f"{rank:.2f}", rank == best) for rank in one.ranks.values()]
    ranked += [Cell(NOTHING) for _ in labels[len(ranked) :]]
    first_column = "task" if one.over_tasks else "data set"
    columns = [Column(first_column, "left", label=True), *(Column(label, wraps=True) for label in labels)]
    notes = [*interval_notes(shown), *worse_notes(without), *rank_notes(one.left_out, one.mixed)]
    if one.over_tasks:
        notes.append(_OVER_TASKS)
        title = f"{one.task}: mean ranks over {len(one.scores)} tasks"
    else:
        title = f"{one.task}: {next(iter(one.judged_by.values()))} on {len(one.scores)} data sets"
    return Table(title, "", columns, [*rows, [Cell("mean rank"), *ranked]], notes)


def rank_notes(left_out: dict[str, list[str]], mixed: dict[str, list[str]]) -> list[str]:
    """Notes about groups that have no rank, or are not the same on all data sets."""
    unranked = [f"No rank: {label}, which has no judged run on {', '.join(on)}." for label, on in left_out.items()]
    more = [f"No rank: {len(unranked) - _NAMED} more groups without a judged run on all."]
    return [
        *(unranked if len(unranked) <= _NAMED + 1 else unranked[:_NAMED] + more),
        *(
            f"{label} is not the same on all data sets: it differs in {', '.join(keys)}."
            for label, keys in mixed.items()
        ),
    ]


def data_set_document(over_data_sets: Sequence[DataSetRanks]) -> list[dict[str, Any]]:
    """The same for programs."""
    return [
        {
            "task": one.task,
            "data_sets": list(one.scores),
            "groups": [
                {
                    "label": label,
                    "mean_rank": mean_rank,
                    "ranks": one.by_data_set[label],
                    "means": [
                        mean.mean if (mean := estimate(of_set[label].finite)) else None
                        for of_set in one.scores.values()
                    ],
                }
                for label, mean_rank in one.ranks.items()
            ],
            "left_out": one.left_out,
        }
        for one in over_data_sets
    ]
