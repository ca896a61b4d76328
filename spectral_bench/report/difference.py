"""Tables of two runs or groups side by side: where their configurations differ, and their results."""

from collections.abc import Sequence
from typing import Any

from spectral_bench.compare.side_by_side import Gap, configurations, gap_between, resolve
from spectral_bench.compare.statistics import Estimate
from spectral_bench.config.keys import as_typed
from spectral_bench.records.groups import Group, Section
from spectral_bench.report.document import Cell, Column, Report, Table
from spectral_bench.report.numbers import interval_notes, number, share, with_interval, worse_notes
from spectral_bench.runs.field_words import field_in_words

#: Fields of the summaries that are set side by side.
_FIELDS = (
    "test",
    "test_at_best",
    "best_validation",
    "loss_test",
    "steps_to_beat_baseline",
    "solved_at",
    "gradient_decay_rate",
    "spectral_margin",
    "num_parameters",
    "ms_per_step",
    "wall_seconds",
)


def difference_report(found: Sequence[Section], names: tuple[str, str], notes: Sequence[str] = ()) -> Report:
    """Set two runs or groups side by side.

    Args:
        found: where to look for them.
        names: of each a run's path or identifier (or a part of it that no other has), a group's id, its label, or its
            model.
        notes: about the whole report.

    Raises:
        InputError: a name matches nothing, or several.
    """
    one, other = (resolve(found, name) for name in names)
    first, second = one[1], other[1]
    config = [
        {"key": key, "a": a, "b": b}
        for key, (a, b) in configurations(first, second).items()
        if as_typed(a) != as_typed(b)
    ]
    gaps = [gap_between(one, other, field) for field in _FIELDS]
    gaps = [gap for gap in gaps if any(gap.means) or any(gap.without)]
    metrics = [_metric(gap) for gap in gaps]
    titles = (_title(first), _title(second))
    document = {
        "schema": "spectral-bench/diff",
        "version": 1,
        "a": {"label": titles[0], "run_ids": [run.run_id for run in first.runs]},
        "b": {"label": titles[1], "run_ids": [run.run_id for run in second.runs]},
        "config": config,
        "metrics": metrics,
    }
    records = [{"kind": "config", **row} for row in config] + [{"kind": "metric", **row} for row in metrics]
    by_a, by_b = (group.runs[0].summary.get("metric") for group in (first, second))
    tables = [_config_table(config, titles), _metric_table(gaps, titles, by_a if by_a == by_b else None)]
    remarks = [] if by_a == by_b else [_OTHER_METRIC]
    return Report(tables, records, document, [*notes, *remarks])


_OTHER_METRIC = "The two are judged by different metrics: differences of test values mean nothing."


def _metric(found: Gap) -> dict[str, Any]:
    (mean_a, mean_b), gap = found.means, found.gap
    return {
        "field": found.field,
        "a": mean_a.mean if mean_a else None,
        "b": mean_b.mean if mean_b else None,
        "a_worse_than_any": found.without[0],
        "b_worse_than_any": found.without[1],
        "difference": gap.mean if gap else None,
        "low": gap.low if gap else None,
        "high": gap.high if gap else None,
    }


def _config_table(rows: Sequence[dict[str, Any]], titles: tuple[str, str]) -> Table:
    columns = [Column("key", "left", label=True), Column(f"A: {titles[0]}", "left"), Column(f"B: {titles[1]}", "left")]
    cells = [[Cell(row["key"]), Cell(as_typed(row["a"])), Cell(as_typed(row["b"]))] for row in rows]
    return Table("Configuration", "" if rows else "No difference.", columns, cells)


def _metric_table(gaps: Sequence[Gap], titles: tuple[str, str], judged_by: str | None) -> Table:
    columns = [Column("field", "left", label=True), Column("A"), Column("B"), Column("A - B")]
    cells = [
        [
            Cell(field_in_words(gap.field, judged_by)),
            *(
                Cell(("≤" if at_most else "") + _shown(gap.field, mean) + _share(mean, without))
                for mean, without, at_most in zip(gap.means, gap.without, gap.at_most, strict=True)
            ),
            Cell(_shown(gap.field, gap.gap)),
        ]
        for gap in gaps
    ]
    notes = [
        *interval_notes([gap.gap for gap in gaps]),
        *worse_notes(max((sum(gap.without) for gap in gaps), default=0)),
    ]
    if any(any(gap.at_most) for gap in gaps):
        notes.append("≤: it was so at the first look already.")
    return Table("Results", f"A: {titles[0]}; B: {titles[1]}", columns, cells, notes)


def _share(mean: Estimate | None, without: int) -> str:
    found = mean.n if mean else 0
    return share(found, found + without)


def _shown(field: str, found: Estimate | None) -> str:
    """A number with its interval; counts have none."""
    return number(found.mean) if found and field == "num_parameters" else with_interval(found)


def _title(group: Group) -> str:
    return f"{group.label} ({len(group.counted)} runs)" if len(group.counted) > 1 else group.label
