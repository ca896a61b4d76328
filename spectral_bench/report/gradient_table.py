"""The table of gradients: how fast they shrink or grow over time, and the verdict."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spectral_bench.compare.statistics import Estimate, estimate
from spectral_bench.diagnostics.gradient_decay import EXTREME_FACTOR, LEVEL_FACTOR, gradient_decay
from spectral_bench.figures.series import geometric_mean, unfloored
from spectral_bench.figures.traced_gradients import Traced, words_of
from spectral_bench.records.groups import Section
from spectral_bench.report.document import Cell, Column, Table
from spectral_bench.report.exclusions import lacking_notes, left_out_notes, used_of
from spectral_bench.report.numbers import NOTHING, interval_notes, number, tally, with_interval
from spectral_bench.report.traced_states import traced_notes
from spectral_bench.runs.layout import AxisWords


def _columns(words: AxisWords) -> list[Column]:
    return [
        Column("model", "left", label=True),
        Column("differs in", "left", label=True, optional=True),
        Column("runs"),
        Column("step"),
        Column("decay rate"),
        Column("half-life"),
        Column("verdict", "left"),
        Column(f"at {words.symbol}=0"),
        Column(f"at {words.symbol}={words.last}"),
        Column("left envelope at", optional=True),
    ]


def _threshold(words: AxisWords) -> str:
    t, start, end = words.symbol, f"{words.symbol}=0", f"{words.symbol}={words.last}"
    over = t if words.position.endswith(f" {t}") else f"the {words.position} {t}"
    return (
        f"Decay rate: slope of the log norm over {over}, per {words.unit}. Verdict: on the norm at {start} relative to "
        f"that at {end}. Level: within a factor of {LEVEL_FACTOR:g}; fading, growing: within {EXTREME_FACTOR:,.0f}; "
        f"vanishing, exploding: beyond, or the norm underflows or overflows. Half-life: {words.unit}s in which it "
        f"halves on its way back (<0: doubles). Norms at {start} and "
        f"{end}: geometric means over the seeds, as drawn."
    )


@dataclass(frozen=True)
class _Row:
    """A group at a step.

    Attributes:
        one: the group.
        steps: the first and the last of the steps its runs are shown at.
        used: how many runs have finite norms there; means are over these.
        rate: decay rate, of those that have one.
        verdicts: how many runs have each verdict.
        start, end: geometric means of the norms at t = 0 and t = T.
        notes: which runs are excluded from the means, and why.
    """

    one: Traced
    steps: tuple[int, int]
    used: int
    rate: Estimate | None
    verdicts: Counter[str]
    start: float
    end: float
    notes: list[str]

    @property
    def half_life(self) -> float | None:
        """Time steps in which the norm halves."""
        return None if self.rate is None or self.rate.mean == 0 else math.log(2) / self.rate.mean


def decay_table(
    section: Section, groups: Sequence[Traced], layer: int, step: int | None
) -> tuple[Table, list[dict[str, Any]]]:
    """The table of a section, and its rows as plain values.

    Args:
        section: the runs.
        groups: from ``traced``.
        layer: the layer they are of.
        step: at which to look, the nearest traced one; None: the last of each run that has not lost it.
    """
    rows = [_row(one, step) for one in groups]
    title = f"{section.title}: gradients" + (f" of layer {layer}" if _layers(groups) > 1 else "")
    words = words_of(groups)
    notes = [
        _threshold(words),
        *interval_notes([row.rate for row in rows]),
        *left_out_notes([one.group for one in groups]),
        *(note for row in rows for note in row.notes),
        *traced_notes([one.group for one in groups]),
        *_about_whole_losses(groups),
        *_about_envelopes(groups),
    ]
    table = Table(title, "", _columns(words), [_cells(row) for row in rows], notes).without_empty_columns()
    return table, [_record(section, row, layer) for row in rows]


def _row(one: Traced, step: int | None) -> _Row:
    last_steps = {run.run_id: int(norms.steps[-1]) for run, norms in zip(one.runs, one.norms, strict=True)}
    if step is None:
        whole = one.whole
        shown = [norms.norms[-1] for norms in whole]
        steps = [int(norms.steps[-1]) for norms in whole] or [int(run.summary["steps"]) for run in one.runs]
    else:
        at, shown = one.at(step)
        steps = [at]
    finite = [norms for norms in shown if np.isfinite(norms).all()]
    judged = [] if one.facts.every_step else shown
    decays = [decay for norms in judged if (decay := gradient_decay(norms)) is not None]
    rate = estimate([decay.rate for decay in decays if decay.rate is not None])
    start, end = (unfloored(float(geometric_mean(np.array([norms[t] for norms in finite])))) for t in (0, -1))
    notes = lacking_notes(one.group, last_steps, max(steps), "gradients")
    label, rates = one.group.label, rate.n if rate else 0
    if len(finite) < len(shown):
        notes.append(f"{label}: infinite or NaN norms in {len(shown) - len(finite)} of {len(shown)} runs, in no mean.")
    if not one.facts.every_step and rates < len(finite):
        notes.append(
            f"{label}: no decay rate of {len(finite) - rates} of {len(finite)} runs: nearly all norms are zero."
        )
    verdicts: Counter[str] = Counter(decay.verdict for decay in decays)
    return _Row(one, (min(steps), max(steps)), len(finite), rate, verdicts, start, end, notes)


def _cells(row: _Row) -> list[Cell]:
    group = row.one.group
    return [
        Cell(group.model),
        Cell(group.setting),
        Cell(used_of(group, row.used)),
        Cell(" to ".join(dict.fromkeys(f"{step:,}" for step in row.steps))),
        Cell(with_interval(row.rate)),
        Cell(number(row.half_life, 3)),
        Cell(tally(row.verdicts) or NOTHING),
        Cell(number(row.start, 2)),
        Cell(number(row.end, 2)),
        Cell(_left(row.one, row.one.first_outside)),
    ]


def _record(section: Section, row: _Row, layer: int) -> dict[str, Any]:
    one, rate = row.one, row.rate
    return {
        "task": section.title,
        "group": one.group.label,
        "layer": layer,
        "runs": row.used,
        "completed": len(one.group.completed),
        "step": row.steps[1],
        "decay_rate": rate.mean if rate else None,
        "decay_rate_low": rate.low if rate else None,
        "decay_rate_high": rate.high if rate else None,
        "half_life": row.half_life,
        "verdict": tally(row.verdicts) or None,
        "traced": ", ".join(sorted({run.facts.traced for run in one.runs})),
        "norm_at_0": row.start,
        "norm_at_T": row.end,
        "envelope_binds": None if one.envelope is None else one.last_step_only,
        "left_envelope_at": one.first_outside,
    }


def _left(one: Traced, outside: int | None) -> str:
    if one.envelope is None or not one.last_step_only:
        return NOTHING
    return "never" if outside is None else f"step {outside:,}"


def _about_whole_losses(groups: Sequence[Traced]) -> list[str]:
    labels = [one.group.label for one in groups if one.facts.every_step]
    if not labels:
        return []
    return [
        f"No rate and no verdict for {', '.join(labels)}: the gradient of the whole loss was traced. Every step adds "
        "its own to it, and it stays level whatever is lost on the way. trace.of=last traces that of the last step."
    ]


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
    """Recurrent layers with a trace of their own; a trace over depth is the only one of its model."""
    return max((one.facts.layers for one in groups if one.facts.trace_axis == "time"), default=1)
