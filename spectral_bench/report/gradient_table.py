"""The table of gradients: how fast they shrink or grow over time, and the verdict."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spectral_bench.diagnostics.decay_words import STEADY_SHARE, share_in_words, verdict_in_words, worst_first
from spectral_bench.diagnostics.gradient_decay import EXTREME_FACTOR, FLOOR, LEVEL_FACTOR
from spectral_bench.figures.chosen_moments import ChosenMoment, at_the_end, chosen_moments
from spectral_bench.figures.relative_gradients import Decay, decay_of
from spectral_bench.figures.series import geometric_mean, unfloored
from spectral_bench.figures.traced_gradients import Traced, words_of
from spectral_bench.records.groups import Section
from spectral_bench.records.traced_states import traced_notes
from spectral_bench.report.document import Cell, Column, Table
from spectral_bench.report.exclusions import lacking_notes, left_out_notes, used_of
from spectral_bench.report.numbers import NOTHING, interval_notes, number, tally, with_interval
from spectral_bench.runs.layout import AxisWords

_COLUMNS = [
    Column("model", "left", label=True),
    Column("differs in", "left", label=True, optional=True),
    Column("runs", shared=True),
    Column("step", optional=True, wraps=True),
    Column("decay rate"),
    Column("halves in", wraps=True),
    Column("arrives"),
    Column("verdict", "left", wraps=True),
]


def _threshold(words: AxisWords) -> str:
    t, start, end = words.symbol, f"{words.symbol}=0", f"{words.symbol}={words.last}"
    over = t if words.position.endswith(f" {t}") else f"the {words.position} {t}"
    return (
        f"Decay rate: slope of the log norm over {over}, per {words.unit}. Halves in: so many {words.units} "
        f"on its way back (level: within a factor of {LEVEL_FACTOR:g} over all of them; no steady rate: its interval "
        f"covers 0, or the curve bends, so that the rate misses what arrives by more than a factor of {LEVEL_FACTOR:g} "
        f"and {STEADY_SHARE * 100:.0f} % of itself). Arrives: the norm at {start} relative to that at {end}, geometric "
        f"mean over seeds, in which what underflows counts as {FLOOR:.1e}. Verdict: on that, of the worst seeds where "
        f"they differ; level within a factor of {LEVEL_FACTOR:g}; fading, growing within {EXTREME_FACTOR:,.0f}; "
        "vanishing, exploding beyond, or the norm underflows or overflows."
    )


#: Below a table of the mean over training.
_MEAN = (
    "Mean over training: the geometric one of the relative norms at all traced steps, and verdicts on it; compare has "
    "those at the last traced step."
)


@dataclass(frozen=True)
class _Row:
    """A group at a moment.

    Attributes:
        one: the group.
        moment: when.
        steps: at which its runs are shown; of a group without any that of the moment, or those that its runs ended at.
        used: how many runs have finite norms there; means are over these.
        decay: rate, what arrives, verdicts.
        start, end: geometric means of the norms at t = 0 and t = T; None in a mean over training.
        notes: which runs are excluded from the means, and why.
    """

    one: Traced
    moment: ChosenMoment
    steps: list[int]
    used: int
    decay: Decay
    start: float | None
    end: float | None
    notes: list[str]

    @property
    def half_life(self) -> float | None:
        """Time steps in which the norm halves, negative: doubles; None where it does neither by a steady rate."""
        return math.log(2) / self.decay.rate.mean if self.decay.rate and self.decay.steadiness == "steady" else None

    @property
    def half_life_words(self) -> str:
        """``9.12``, ``doubles in 35``, ``level``, ``no steady rate``."""
        if self.half_life is None:
            return self.decay.rate_words if self.decay.rate else NOTHING
        return number(self.half_life, 3) if self.half_life > 0 else f"doubles in {number(-self.half_life, 3)}"


def decay_tables(
    section: Section, groups: Sequence[Traced], layer: int, steps: Sequence[str]
) -> list[tuple[Table, list[dict[str, Any]]]]:
    """The table of every chosen moment, each with its rows as plain values.

    Args:
        section: the runs.
        groups: from ``traced``.
        layer: the layer they are of.
        steps: the moments, as for ``chosen_moments``.
    """
    return [decay_table(section, groups, layer, moment) for moment in chosen_moments(groups, steps)]


def decay_table(
    section: Section, groups: Sequence[Traced], layer: int, moment: ChosenMoment | None = None
) -> tuple[Table, list[dict[str, Any]]]:
    """The table of a section at a moment, and its rows as plain values.

    Args:
        section: the runs.
        groups: from ``traced``.
        layer: the layer they are of.
        moment: at which to look; None: the last traced step of each run that has not lost it.
    """
    when = moment or at_the_end(groups)
    words = words_of(groups)
    rows = [
        _row(one, when, norms, steps, words) for one, norms, steps in zip(groups, when.norms, when.steps, strict=True)
    ]
    of = f" of layer {layer}" if _layers(groups) > 1 else ""
    title = f"{section.title}: gradients{of}{',' * when.is_mean} {when.title}"
    named = [(section.name(one.group), one.group) for one in groups]
    notes = [
        _threshold(words),
        *([_MEAN] if when.is_mean else []),
        *interval_notes([row.decay.rate for row in rows]),
        *left_out_notes([one.group for one in groups]),
        *(note for row in rows for note in row.notes),
        *traced_notes(named),
        *_about_whole_losses(groups),
        *_about_envelopes(section, groups),
    ]
    table = Table(title, "", _COLUMNS, [_cells(row) for row in rows], notes).without_empty_columns()
    return table, [_record(section, row, layer) for row in rows]


def _row(
    one: Traced, moment: ChosenMoment, shown: Sequence[NDArray[np.float64]], steps: list[int], words: AxisWords
) -> _Row:
    last_steps = {run.run_id: int(norms.steps[-1]) for run, norms in zip(one.runs, one.norms, strict=True)}
    if not steps and not moment.is_mean:
        steps = [int(run.summary["steps"]) for run in one.runs] if moment.step is None else [moment.step]
    finite = [norms for norms in shown if np.isfinite(norms).all()]
    decay = decay_of(one, shown, words)
    start, end = (
        None if moment.is_mean else unfloored(float(geometric_mean(np.array([norms[t] for norms in finite]))))
        for t in (0, -1)
    )
    notes = lacking_notes(one.group, last_steps, max(steps, default=0), "gradients")
    label, rates = one.group.label, decay.rate.n if decay.rate else 0
    if not shown and moment.step is not None:
        notes.append(f"{label}: no run traced step {moment.step:,}.")
    if len(finite) < len(shown):
        notes.append(f"{label}: infinite or NaN norms in {len(shown) - len(finite)} of {len(shown)} runs, in no mean.")
    if not one.facts.every_step and rates < len(finite):
        notes.append(
            f"{label}: no decay rate of {len(finite) - rates} of {len(finite)} runs: nearly all norms are zero."
        )
    return _Row(one, moment, steps, len(finite), decay, start, end, notes)


def _cells(row: _Row) -> list[Cell]:
    group, decay = row.one.group, row.decay
    ends = {min(row.steps), max(row.steps)} if row.steps else set()
    return [
        Cell(group.model),
        Cell(group.setting),
        Cell(used_of(group, row.used)),
        Cell("" if row.moment.step is not None else " to ".join(f"{step:,}" for step in sorted(ends))),
        Cell(with_interval(decay.rate)),
        Cell(row.half_life_words),
        Cell(NOTHING if decay.kept is None else share_in_words(decay.kept)),
        Cell(verdict_in_words(decay.verdicts) or NOTHING),
    ]


def _record(section: Section, row: _Row, layer: int) -> dict[str, Any]:
    one, rate = row.one, row.decay.rate
    return {
        "task": section.title,
        "group": one.group.label,
        "layer": layer,
        "runs": row.used,
        "completed": len(one.group.completed),
        "step": "mean" if row.moment.is_mean else max(row.steps),
        "decay_rate": rate.mean if rate else None,
        "decay_rate_low": rate.low if rate else None,
        "decay_rate_high": rate.high if rate else None,
        "half_life": row.half_life,
        "kept": row.decay.kept,
        "verdict": tally(worst_first(row.decay.verdicts)) or None,
        "traced": ", ".join(sorted({run.facts.traced for run in one.runs})),
        "norm_at_0": row.start,
        "norm_at_T": row.end,
        "envelope_binds": None if one.envelope is None else one.last_step_only,
        "left_envelope_at": one.first_outside,
    }


def _about_whole_losses(groups: Sequence[Traced]) -> list[str]:
    labels = [one.group.label for one in groups if one.facts.every_step]
    if not labels:
        return []
    return [
        f"No rate and no verdict for {', '.join(labels)}: the gradient of the whole loss was traced. Every step adds "
        "its own to it, and it stays level whatever is lost on the way. trace.of=last traces that of the last step."
    ]


def _about_envelopes(section: Section, groups: Sequence[Traced]) -> list[str]:
    bounded = [one for one in groups if one.envelope is not None]
    left = {section.name(one.group): one.first_outside for one in bounded if one.last_step_only}
    inside = [name for name, step in left.items() if step is None]
    outside = [f"{name} at step {step:,}" for name, step in left.items() if step is not None]
    remarks = [f"Within the envelope of the radius at every traced step: {', '.join(inside)}."] if inside else []
    remarks += [f"Left the envelope of the radius: {', '.join(outside)}."] if outside else []
    if any(one.last_step_only is False for one in bounded):
        return [
            *remarks,
            "The envelope of the radius is drawn from the largest norm of the second half and does not bind: losses at "
            "every step, or a layer above, add to the gradient on the way.",
        ]
    if any(one.last_step_only is None for one in bounded):
        return [
            *remarks,
            "Some runs do not say whether their loss counts every step: whether they left the envelope is not judged.",
        ]
    return remarks


def _layers(groups: Sequence[Traced]) -> int:
    """Recurrent layers with a trace of their own; a trace over depth is the only one of its model."""
    return max((one.facts.layers for one in groups if one.facts.trace_axis == "time"), default=1)
