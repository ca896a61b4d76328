"""Two runs or groups side by side: where their configurations differ, and what they came to."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spectral_bench.analysis.groups import Group, Section
from spectral_bench.analysis.report import Cell, Column, Report, Table
from spectral_bench.analysis.statistics import Estimate, difference, estimate
from spectral_bench.analysis.wording import NOTHING, interval_notes, number, with_interval, written
from spectral_bench.config.hints import short
from spectral_bench.config.schema import CHANGES_NO_NUMBER
from spectral_bench.errors import InputError

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
        notes: said about all of it.

    Raises:
        InputError: a name fits nothing, or several.
    """
    first, second = (resolve(found, name) for name in names)
    config = [
        {"key": key, "a": a, "b": b}
        for key, (a, b) in _configurations(first, second).items()
        if written(a) != written(b)
    ]
    metrics = [_metric(first, second, field) for field in _FIELDS]
    metrics = [row for row in metrics if row["a"] is not None or row["b"] is not None]
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
    tables = [_config_table(config, titles), _metric_table(first, second, metrics, titles)]
    said = [] if first.runs[0].summary.get("metric") == second.runs[0].summary.get("metric") else [_OTHER_METRIC]
    return Report(tables, records, document, [*notes, *said])


_OTHER_METRIC = "The two are judged by different metrics: differences of test values mean nothing."


def resolve(found: Sequence[Section], name: str) -> Group:
    """The run (as a group of one) or group that a name stands for.

    Raises:
        InputError: it fits nothing, or several.
    """
    groups = [group for section in found for group in section.groups]
    runs = [run for group in groups for run in group.runs]
    path = Path(name).resolve()
    chosen = [run for run in runs if run.directory == path] or [run for run in runs if name and name in run.run_id]
    if len(chosen) == 1:
        (run,) = chosen
        return Group(run.run_id, run.model, {"seed": run.seed}, [run])
    for candidates in (
        [group for group in groups if len(name) >= 4 and group.id.startswith(name)],
        [group for group in groups if name in (group.label, group.model)],
    ):
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            listed = "; ".join(f"{group.id} ({group.label})" for group in candidates[:10])
            raise InputError(f"--diff '{short(name)}' fits {len(candidates)} groups: name one by its id: {listed}.")
    if chosen:
        raise InputError(f"--diff '{short(name)}' fits {len(chosen)} runs: give more of the identifier.")
    known = ", ".join(dict.fromkeys(f"'{group.label}'" for group in groups[:20]))
    raise InputError(f"--diff '{short(name)}' is no run and no group here. There are: {known}.")


def _configurations(first: Group, second: Group) -> dict[str, tuple[Any, Any]]:
    a, b = first.runs[0].config, second.runs[0].config
    keys = [key for key in dict.fromkeys([*a, *b]) if key not in CHANGES_NO_NUMBER]
    if len(first.runs) > 1 or len(second.runs) > 1:
        keys.remove("seed")
    pairs = {key: (a.get(key, NOTHING), b.get(key, NOTHING)) for key in keys}
    return {**pairs, "commit": (_commit(first), _commit(second))}


def _commit(group: Group) -> str:
    commits = {str((run.manifest.get("git") or {}).get("commit", NOTHING))[:10] for run in group.runs}
    return ", ".join(sorted(commits))


def _metric(first: Group, second: Group, field: str) -> dict[str, Any]:
    mean_a, mean_b, gap = estimate(first.values(field)), estimate(second.values(field)), _gap(first, second, field)
    return {
        "field": field,
        "a": mean_a.mean if mean_a else None,
        "b": mean_b.mean if mean_b else None,
        "difference": gap.mean if gap else None,
        "low": gap.low if gap else None,
        "high": gap.high if gap else None,
    }


def _gap(first: Group, second: Group, field: str) -> Estimate | None:
    """The difference of the means, paired by seed as in ``--pairwise`` where both have the same seeds."""
    a, b = first.by_seed(field), second.by_seed(field)
    if a.keys() == b.keys():
        return estimate([a[seed] - b[seed] for seed in sorted(a)])
    return difference(list(a.values()), list(b.values()))


def _config_table(rows: Sequence[dict[str, Any]], titles: tuple[str, str]) -> Table:
    columns = [Column("key", "left", label=True), Column(f"A: {titles[0]}", "left"), Column(f"B: {titles[1]}", "left")]
    cells = [[Cell(row["key"]), Cell(written(row["a"])), Cell(written(row["b"]))] for row in rows]
    return Table("Configuration", "" if rows else "No difference.", columns, cells)


def _metric_table(first: Group, second: Group, rows: Sequence[dict[str, Any]], titles: tuple[str, str]) -> Table:
    columns = [Column("field", "left", label=True), Column("A"), Column("B"), Column("A - B")]
    cells, gaps = [], []
    for row in rows:
        a, b = (estimate(group.values(row["field"])) for group in (first, second))
        gap = _gap(first, second, row["field"])
        gaps.append(gap)
        cells.append(
            [
                Cell(row["field"]),
                Cell(_shown(row["field"], a)),
                Cell(_shown(row["field"], b)),
                Cell(_shown(row["field"], gap)),
            ]
        )
    return Table("What they came to", f"A: {titles[0]}; B: {titles[1]}", columns, cells, interval_notes(gaps))


def _shown(field: str, found: Estimate | None) -> str:
    """A number with its interval, which what is counted and not measured has none of."""
    return number(found.mean) if found and field == "num_parameters" else with_interval(found)


def _title(group: Group) -> str:
    return f"{group.label} ({len(group.counted)} runs)" if len(group.counted) > 1 else group.label
