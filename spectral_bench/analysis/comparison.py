"""The table of a comparison: a row a group, what it came to over its seeds."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from spectral_bench.analysis.groups import STATUSES, Group, Section
from spectral_bench.analysis.load import Mode
from spectral_bench.analysis.published import Published, beside, fitting
from spectral_bench.analysis.report import Cell, Column, Report, Table
from spectral_bench.analysis.selection import check_field
from spectral_bench.analysis.statistics import ENOUGH_SEEDS, Estimate, estimates
from spectral_bench.analysis.wording import NOTHING, number, written
from spectral_bench.config.hints import unknown
from spectral_bench.errors import InputError

#: Fields of a summary that groups may be judged by, and their sense; None: that of the task's metric.
SCORES: dict[str, Mode | None] = {
    "test": None,
    "test_at_best": None,
    "best_validation": None,
    "validation": None,
    "train": None,
    "loss_test": "min",
    "best_step": "min",
    "steps_to_beat_baseline": "min",
    "solved_at": "min",
    "ms_per_step": "min",
    "wall_seconds": "min",
    "num_parameters": "min",
    "spectral_margin": "min",
}


@dataclass(frozen=True)
class Row:
    """What a group came to.

    Attributes:
        group: the runs.
        score: the field the groups are judged by.
        best: no group of the section has a better mean.
        best_validation, test_at_best: best value on validation, and the test value of those weights.
        decay: gradient decay rate at the last traced step.
        verdicts: how many runs' gradients were called what.
        published: numbers from the literature for this model in this size.
    """

    group: Group
    score: Estimate | None
    best: bool
    best_validation: Estimate | None
    test_at_best: Estimate | None
    decay: Estimate | None
    verdicts: dict[str, int]
    published: list[Published]

    @property
    def beaten(self) -> list[float]:
        """Steps at which the baseline was beaten, by the runs that did."""
        return self.group.values("steps_to_beat_baseline")


def compare(
    found: Sequence[Section], *, field: str = "test", sort: str | None = None, notes: Sequence[str] = ()
) -> Report:
    """Compare the groups of every section.

    Args:
        found: from ``sections``.
        field: what groups are judged by, one of ``SCORES``.
        sort: a field or configuration key to sort rows by, ``-KEY`` for descending; None: the best first.
        notes: said about all of it.

    Raises:
        InputError: the field is none of ``SCORES``, or no run has the key to sort by.
    """
    if field not in SCORES:
        raise InputError(unknown("--metric", field, SCORES))
    if sort is not None:
        check_field(
            sort.removeprefix("-"), [run.fields() for one in found for group in one.groups for run in group.runs]
        )
    tables, records, documents = [], [], []
    for section in found:
        rows = _sorted(_rows(section, field), section, field, sort)
        tables.append(_table(section, rows, field))
        records += [_record(section, row, field) for row in rows]
        documents.append(_document(section, rows, field))
    document = {"schema": "spectral-bench/compare", "version": 1, "sections": documents}
    return Report(tables, records, document, list(notes))


def sense(section: Section, field: str) -> Mode:
    """Whether less or more of a field is better."""
    return SCORES[field] or section.mode


def score_name(section: Section, field: str) -> str:
    """What a field is called in words: ``test accuracy``."""
    metric = section.metric or "metric"
    words = {
        "test": f"test {metric}",
        "test_at_best": f"test {metric} of the best weights",
        "best_validation": f"best validation {metric}",
        "validation": f"validation {metric}",
        "train": f"training {metric}",
        "loss_test": "test loss",
    }
    return words.get(field, field)


def _rows(section: Section, field: str) -> list[Row]:
    groups = section.groups
    numbers = fitting(section)
    scores, validations, tests, decays = (
        estimates([group.values(name) for group in groups])
        for name in (field, "best_validation", "test_at_best", "gradient_decay_rate")
    )
    means = [score.mean for score in scores if score is not None]
    best = None if not means else max(means) if sense(section, field) == "max" else min(means)
    return [
        Row(
            group,
            score,
            score is not None and score.mean == best,
            validation,
            test,
            decay,
            dict(Counter(run.summary.get("gradient_verdict") or "unknown" for run in group.counted)),
            beside(group, numbers),
        )
        for group, score, validation, test, decay in zip(groups, scores, validations, tests, decays, strict=True)
    ]


def _sorted(rows: list[Row], section: Section, field: str, sort: str | None) -> list[Row]:
    if sort is None:
        direction = -1 if sense(section, field) == "max" else 1
        return sorted(rows, key=lambda row: (row.score is None, direction * row.score.mean if row.score else 0))
    key = sort.removeprefix("-")

    def value(row: Row) -> tuple[int, float, str]:
        """Numbers first, then words, then what has no value."""
        found = row.group.runs[0].fields().get(key)
        numbers = row.group.values(key)
        if numbers:
            return 0, sum(numbers) / len(numbers), ""
        if found is None:
            return 2, 0.0, ""
        is_number = isinstance(found, int | float) and not isinstance(found, bool)
        return (0, float(found), "") if is_number else (1, 0.0, written(found))

    return sorted(rows, key=value, reverse=sort.startswith("-"))


def _table(section: Section, rows: list[Row], field: str) -> Table:
    arrow = "↑" if sense(section, field) == "max" else "↓"
    columns = [
        Column("model", "left", label=True),
        Column("differs in", "left", label=True),
        Column("runs"),
        Column("parameters"),
        Column(f"{score_name(section, field)} {arrow}"),
        Column("best valid."),
        Column("its test"),
        Column("beats baseline"),
        Column("ms/update"),
        Column("decay rate"),
        Column("gradients", "left"),
        Column("margin"),
        Column("published"),
    ]
    sources = list(dict.fromkeys(number.source for row in rows for number in row.published))
    shown = [[*_cells(row, has_baseline=section.baseline is not None), _published_cell(row, sources)] for row in rows]
    notes = _warnings(rows)
    if any(not number.comparable for row in rows for number in row.published):
        notes.append("! Not comparable: --against paper says why.")
    notes += [f"[{position}] {source}" for position, source in enumerate(sources, 1)]
    return Table(section.title, describe(section), columns, shown, notes).without_empty_columns()


def describe(section: Section) -> str:
    """The setting of a section and its baseline, in a line."""
    keys = " ".join(f"{key.removeprefix('task.')}={written(value)}" for key, value in section.config.items())
    if section.baseline is None:
        return keys
    of = "loss" if section.baseline_of == "loss" else section.metric
    return f"{keys}; baseline: {of} {number(section.baseline)}"


def _cells(row: Row, *, has_baseline: bool) -> list[Cell]:
    group = row.group
    counted = group.counted
    verdict = ", ".join(
        name if len(row.verdicts) == 1 else f"{count} {name}"
        for name, count in sorted(row.verdicts.items(), key=lambda pair: -pair[1])
        if name != "unknown"
    )
    beaten = "never" if group.completed and has_baseline else NOTHING
    if row.beaten:
        share = "" if len(row.beaten) == len(counted) else f" ({len(row.beaten)} of {len(counted)})"
        beaten = f"{median(row.beaten):,.0f}{share}"
    parameters = counted[0].summary.get("num_parameters")
    return [
        Cell(group.model, row.best),
        Cell(group.setting),
        Cell(_counts(group)),
        Cell(NOTHING if parameters is None else f"{parameters:,}"),
        Cell(with_interval(row.score), row.best),
        Cell(number(row.best_validation.mean if row.best_validation else None)),
        Cell(number(row.test_at_best.mean if row.test_at_best else None)),
        Cell(beaten),
        Cell(number(_mean(group.values("ms_per_step")), 3)),
        Cell(number(row.decay.mean if row.decay else None, 2)),
        Cell(verdict or NOTHING),
        Cell(number(_mean(group.values("spectral_margin")), 2)),
    ]


def with_interval(estimate: Estimate | None) -> str:
    """``0.9871 ±0.0012``, with an asterisk where there are too few seeds for the interval."""
    if estimate is None:
        return NOTHING
    if not estimate.half_width:
        return number(estimate.mean)
    mark = "*" if estimate.n < ENOUGH_SEEDS else ""
    return f"{number(estimate.mean)} ±{number(estimate.half_width, 2)}{mark}"


def interval_notes(shown: Sequence[Estimate | None]) -> list[str]:
    """What has to be said about intervals of few seeds."""
    sizes = {estimate.n for estimate in shown if estimate is not None}
    notes = []
    if 1 in sizes:
        notes.append("One seed: no interval.")
    if any(1 < size < ENOUGH_SEEDS for size in sizes):
        notes.append(
            f"* Fewer than {ENOUGH_SEEDS} seeds: too few for a 95 % interval; the range shown covers less (of three "
            "seeds about 75 %)."
        )
    return notes


def _warnings(rows: list[Row]) -> list[str]:
    notes = interval_notes([row.score for row in rows])
    lacking = sum(len(row.group.completed) - row.score.n for row in rows if row.score and row.group.completed)
    if lacking:
        notes.append(f"{lacking} completed run(s) without a finite value are not in the means.")
    if any(not row.group.completed for row in rows):
        notes.append("Where no run is completed, the row shows where the others stand.")
    return notes


def _counts(group: Group) -> str:
    others = [f"+{count} {status}" for status, count in sorted(group.counts.items()) if status != "completed"]
    return " ".join([str(len(group.completed)), *others])


def _published_cell(row: Row, sources: list[str]) -> Cell:
    return Cell(
        ", ".join(
            f"{number(one.value)}{'' if one.comparable else '!'} [{sources.index(one.source) + 1}]"
            for one in row.published
        )
    )


def _record(section: Section, row: Row, field: str) -> dict[str, Any]:
    group = row.group
    record: dict[str, Any] = {
        "task": section.task,
        "task_setting": " ".join(f"{key}={written(value)}" for key, value in section.config.items()),
        "model": group.model,
        "differs": " ".join(f"{key}={written(value)}" for key, value in group.differs.items()),
        "group": group.id,
        "runs": len(group.runs),
        **{status: group.counts.get(status, 0) for status in STATUSES},
        "num_parameters": group.counted[0].summary.get("num_parameters"),
        "metric": section.metric,
        "field": field,
        "mode": sense(section, field),
        "best": row.best,
    }
    record |= _flat(field, row.score)
    record |= _flat("best_validation", row.best_validation) | _flat("test_at_best", row.test_at_best)
    record |= {
        "baseline": section.baseline,
        "baseline_of": section.baseline_of,
        "beat_baseline": len(row.beaten),
        "steps_to_beat_baseline": median(row.beaten) if row.beaten else None,
        "ms_per_step": _mean(group.values("ms_per_step")),
        **_flat("gradient_decay_rate", row.decay),
        "gradient_verdict": max(row.verdicts, key=row.verdicts.__getitem__),
        "spectral_margin": _mean(group.values("spectral_margin")),
    }
    return record


def _flat(name: str, estimate: Estimate | None) -> dict[str, Any]:
    if estimate is None:
        return {f"{name}_mean": None, f"{name}_low": None, f"{name}_high": None, f"{name}_n": 0}
    return {f"{name}_{part}": value for part, value in vars(estimate).items()}


def _document(section: Section, rows: list[Row], field: str) -> dict[str, Any]:
    baseline = None if section.baseline is None else {"of": section.baseline_of, "value": section.baseline}
    return {
        "task": section.task,
        "setting": section.config,
        "metric": section.metric,
        "field": field,
        "mode": sense(section, field),
        "baseline": baseline,
        "groups": [_group_document(row, field) for row in rows],
    }


def _group_document(row: Row, field: str) -> dict[str, Any]:
    group = row.group
    return {
        "id": group.id,
        "model": group.model,
        "differs": group.differs,
        "runs": {status: group.counts.get(status, 0) for status in STATUSES},
        "run_ids": [run.run_id for run in group.runs],
        "seeds": [run.seed for run in group.runs],
        "num_parameters": group.counted[0].summary.get("num_parameters"),
        "score": _estimate_document(row.score, group.values(field)),
        "best": row.best,
        "best_validation": _estimate_document(row.best_validation, group.values("best_validation")),
        "test_at_best": _estimate_document(row.test_at_best, group.values("test_at_best")),
        "steps_to_beat_baseline": {
            "runs": len(row.beaten),
            "median": median(row.beaten) if row.beaten else None,
        },
        "ms_per_step": _mean(group.values("ms_per_step")),
        "gradient_decay_rate": _estimate_document(row.decay, group.values("gradient_decay_rate")),
        "gradient_verdicts": row.verdicts,
        "spectral_margin": _mean(group.values("spectral_margin")),
        "published": [asdict(one) for one in row.published],
    }


def _estimate_document(estimate: Estimate | None, values: list[float]) -> dict[str, Any] | None:
    return None if estimate is None else {**vars(estimate), "values": values}


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
