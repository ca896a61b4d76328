"""The table of gradients: how fast they shrink or grow over time, and what that is called."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from spectral_bench.analysis.gradients import Traced
from spectral_bench.analysis.groups import Section
from spectral_bench.analysis.left_out import left_out_notes
from spectral_bench.analysis.report import Cell, Column, Table
from spectral_bench.analysis.series import geometric_mean
from spectral_bench.analysis.statistics import Estimate, estimate
from spectral_bench.analysis.wording import NOTHING, interval_notes, number, with_interval
from spectral_bench.training.gradient_decay import STABLE_FACTOR, gradient_decay

_COLUMNS = [
    Column("model", "left", label=True),
    Column("differs in", "left", label=True, optional=True),
    Column("runs"),
    Column("step"),
    Column("decay rate"),
    Column("half-life"),
    Column("verdict", "left"),
    Column("at t=0"),
    Column("at t=T"),
    Column("left envelope at", optional=True),
]

_THRESHOLD = (
    f"Decay rate: slope of the log norm over t, per time step. Vanishing, exploding: the fitted norm changes by more "
    f"than a factor of {STABLE_FACTOR:,.0f} between t=T and t=0. Half-life: time steps in which it halves on its way "
    "back (<0: doubles). Norms at t=0 and t=T: geometric means over the seeds, as drawn."
)


def decay_table(
    section: Section, groups: Sequence[Traced], layer: int, step: int | None
) -> tuple[Table, list[dict[str, Any]]]:
    """The table of a section, and its rows as plain values.

    Args:
        section: the runs.
        groups: from ``traced``.
        layer: the layer they are of.
        step: at which to look, the nearest traced one; None: each run's last.
    """
    rows, records, shown = [], [], []
    for one in groups:
        norms = [run.norms[-1] for run in one.norms] if step is None else one.at(step)[1]
        at = max(int(run.steps[-1]) for run in one.norms) if step is None else one.at(step)[0]
        decays = [decay for values in norms if (decay := gradient_decay(values)) is not None]
        rate = estimate([decay.rate for decay in decays])
        verdicts = Counter(decay.verdict for decay in decays)
        start, end = (float(geometric_mean(np.array([values[t] for values in norms]))) for t in (0, -1))
        outside = one.first_outside
        half_life = None if rate is None or rate.mean == 0 else math.log(2) / rate.mean
        rows.append(
            [
                Cell(one.group.model),
                Cell(one.group.setting),
                Cell(one.group.standing),
                Cell(f"{at:,}"),
                Cell(with_interval(rate)),
                Cell(number(half_life, 3)),
                Cell(_verdict(verdicts)),
                Cell(number(start, 2)),
                Cell(number(end, 2)),
                Cell(_left(one, outside)),
            ]
        )
        shown.append(rate)
        records.append(_record(section, one, layer, at, rate, half_life, verdicts, start, end, outside))
    title = f"{section.title}: gradients" + (f" of layer {layer}" if _layers(groups) > 1 else "")
    said = left_out_notes([one.group for one in groups])
    notes = [_THRESHOLD, *interval_notes(shown), *said, *_about_envelopes(groups)]
    return Table(title, "", _COLUMNS, rows, notes).without_empty_columns(), records


def _record(
    section: Section,
    one: Traced,
    layer: int,
    step: int,
    rate: Estimate | None,
    half_life: float | None,
    verdicts: Counter[Any],
    start: float,
    end: float,
    outside: int | None,
) -> dict[str, Any]:
    return {
        "task": section.title,
        "group": one.group.label,
        "layer": layer,
        "runs": len(one.norms),
        "completed": len(one.group.completed),
        "step": step,
        "decay_rate": rate.mean if rate else None,
        "decay_rate_low": rate.low if rate else None,
        "decay_rate_high": rate.high if rate else None,
        "half_life": half_life,
        "verdict": verdicts.most_common(1)[0][0] if verdicts else None,
        "norm_at_0": start,
        "norm_at_T": end,
        "envelope_binds": None if one.envelope is None else one.last_step_only,
        "left_envelope_at": outside,
    }


def _verdict(verdicts: Counter[Any]) -> str:
    if not verdicts:
        return NOTHING
    if len(verdicts) == 1:
        return str(next(iter(verdicts)))
    return ", ".join(f"{count} {name}" for name, count in verdicts.most_common())


def _left(one: Traced, outside: int | None) -> str:
    if one.envelope is None or not one.last_step_only:
        return NOTHING
    return "never" if outside is None else f"step {outside:,}"


def _about_envelopes(groups: Sequence[Traced]) -> list[str]:
    bounded = [one for one in groups if one.envelope is not None]
    if any(one.last_step_only is False for one in bounded):
        return [
            "The envelope of the radius is drawn from the largest norm of the second half and does not bind: losses at "
            "every step, or a layer above, add to the gradient on the way."
        ]
    if any(one.last_step_only is None for one in bounded):
        return [
            "Some runs do not say whether their loss counts every step: whether they left the envelope is not judged."
        ]
    return []


def _layers(groups: Sequence[Traced]) -> int:
    return max(int(one.group.runs[0].config.get("model.num_layers", 1)) for one in groups)
