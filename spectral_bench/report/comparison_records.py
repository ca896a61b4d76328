"""A comparison for programs: flat records for csv, a nested document for JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from spectral_bench.compare.criteria import sense
from spectral_bench.compare.group_results import GroupResult
from spectral_bench.compare.recipes import across_models
from spectral_bench.compare.statistics import Estimate
from spectral_bench.config.keys import as_typed
from spectral_bench.diagnostics.decay_words import worst_first
from spectral_bench.records.groups import STATUSES, Section
from spectral_bench.report.numbers import tally


def record(section: Section, row: GroupResult, field: str) -> dict[str, Any]:
    """The row of a group as flat values, the keys that tell sections or groups apart among them."""
    group = row.group
    identity: dict[str, Any] = {
        "task": section.task,
        "task_setting": " ".join(f"{key}={as_typed(value)}" for key, value in section.config.items()),
        "model": group.model,
        "differs": " ".join(f"{key}={as_typed(value)}" for key, value in group.differs.items()),
    }
    flat: dict[str, Any] = {
        "group": group.id,
        "runs": len(group.runs),
        "repeats": group.repeats,
        "run_ids": " ".join(run.run_id for run in group.runs),
        **{status: group.counts.get(status, 0) for status in STATUSES},
        "num_parameters": row.group.num_parameters,
        "metric": section.metric,
        "field": field,
        "mode": sense(section, field),
        "best": row.best,
        "worse_than_any": row.scores.without,
    }
    flat |= _flat(field, row.score)
    flat |= _flat("best_validation", row.best_validation) | _flat("test_at_best", row.test_at_best)
    flat |= {
        "baseline": section.baseline,
        "baseline_of": section.baseline_of,
        "beat_baseline": len(row.beaten.steps),
        "steps_to_beat_baseline": row.beaten.median,
        "steps_to_beat_baseline_at_most": row.beaten.at_most,
        "solved": len(row.solved.steps),
        "solved_at": row.solved.median,
        "ms_per_step": row.mean("ms_per_step"),
        **_flat("gradient_decay_rate", row.decay),
        "gradient_verdict": tally(worst_first(row.verdicts)),
        "spectral_margin": row.mean("spectral_margin"),
    }
    distinguishing = {key: as_typed(value) for key, value in {**section.differs, **group.differs}.items()}
    return {**identity, **{key: value for key, value in distinguishing.items() if key not in flat}, **flat}


def _flat(name: str, estimate: Estimate | None) -> dict[str, Any]:
    if estimate is None:
        return {f"{name}_mean": None, f"{name}_low": None, f"{name}_high": None, f"{name}_n": 0}
    return {f"{name}_{part}": value for part, value in vars(estimate).items()}


def section_document(section: Section, rows: Sequence[GroupResult], field: str) -> dict[str, Any]:
    """A section as ``docs/compare.schema.json`` has it."""
    baseline = None if section.baseline is None else {"of": section.baseline_of, "value": section.baseline}
    return {
        "task": section.task,
        "setting": section.config,
        "metric": section.metric,
        "field": field,
        "mode": sense(section, field),
        "baseline": baseline,
        "differs_across_models": across_models(section),
        "groups": [_group_document(row) for row in rows],
    }


def _group_document(row: GroupResult) -> dict[str, Any]:
    group = row.group
    return {
        "id": group.id,
        "model": group.model,
        "differs": group.differs,
        "runs": {status: group.counts.get(status, 0) for status in STATUSES},
        "repeats": group.repeats,
        "run_ids": [run.run_id for run in group.runs],
        "paths": [str(run.directory) for run in group.runs],
        "seeds": [run.seed for run in group.runs],
        "num_parameters": row.group.num_parameters,
        "score": _estimate_document(row.score, row.values),
        "best": row.best,
        "worse_than_any": row.scores.without,
        "best_validation": _estimate_document(row.best_validation, group.values("best_validation")),
        "test_at_best": _estimate_document(row.test_at_best, group.values("test_at_best")),
        "steps_to_beat_baseline": {
            "runs": len(row.beaten.steps),
            "of": row.beaten.seeds,
            "median": row.beaten.median,
            "at_most": row.beaten.at_most,
        },
        "solved_at": {
            "runs": len(row.solved.steps),
            "of": row.solved.seeds,
            "median": row.solved.median,
            "at_most": row.solved.at_most,
        },
        "ms_per_step": row.mean("ms_per_step"),
        "gradient_decay_rate": _estimate_document(row.decay, group.values("gradient_decay_rate")),
        "gradient_verdicts": row.verdicts,
        "spectral_margin": row.mean("spectral_margin"),
        "published": [asdict(one) for one in row.published],
    }


def _estimate_document(estimate: Estimate | None, values: list[float]) -> dict[str, Any] | None:
    return None if estimate is None else {**vars(estimate), "values": values}
