"""The table of singular values at the last traced step."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from spectral_bench.compare.statistics import estimate
from spectral_bench.figures.spectra import TracedSpectra
from spectral_bench.figures.words import after
from spectral_bench.records.groups import Section
from spectral_bench.records.traces import QUANTILES, Spectra
from spectral_bench.report.document import Cell, Column, Table
from spectral_bench.report.exclusions import lacking_notes, left_out_notes, used_of
from spectral_bench.report.numbers import interval_notes, number, with_interval

_COLUMNS = [
    Column("model", "left", label=True),
    Column("differs in", "left", label=True, optional=True),
    Column("runs", shared=True),
    Column("step", optional=True, wraps=True),
    Column("bound", optional=True, wraps=True),
    Column("min"),
    Column("median"),
    Column("max"),
    Column("margin"),
]


_MEANS = "Median and margin: arithmetic means over the seeds; the picture draws geometric ones."


def spectrum_table(section: Section, groups: Sequence[TracedSpectra]) -> tuple[Table, list[dict[str, Any]]]:
    """The singular values each run ended with, the extremes over all runs; and the rows as plain values."""
    rows, records, margins, lacking = [], [], [], []
    ends = {step for one in groups for step in _ends(one)}
    some_bounded = any(one.allowed for one in groups)
    for one in groups:
        tracing = list(zip(one.runs, one.spectra, strict=True))
        whole = _whole(one)
        steps = _ends(one)
        known = [found for found in whole if not np.isnan(found.quantiles[-1]).any()]
        margin = None if one.centre is None else estimate([float(found.margin[-1]) for found in known])
        least, middle, most = _extremes(known)
        rows.append(
            [
                Cell(one.group.model),
                Cell(one.group.setting),
                Cell(used_of(one.group, len(known))),
                Cell("" if len(ends) == 1 else " to ".join(f"{step:,}" for step in sorted({min(steps), max(steps)}))),
                Cell(_range(one.allowed) if some_bounded else ""),
                Cell(number(least)),
                Cell(number(middle)),
                Cell(number(most)),
                Cell(with_interval(margin)),
            ]
        )
        margins.append(margin)
        last_steps = {run.run_id: int(found.steps[-1]) for run, found in tracing}
        lacking += lacking_notes(one.group, last_steps, max(steps), "singular values")
        if len(known) < len(whole):
            lacking.append(f"{one.group.label}: NaN in {len(whole) - len(known)} of {len(whole)} runs, in no number.")
        records.append(
            {
                "task": section.title,
                "group": one.group.label,
                "runs": len(known),
                "completed": len(one.group.completed),
                "step": max(steps),
                "allowed_min": one.allowed[0] if one.allowed else None,
                "allowed_max": one.allowed[1] if one.allowed else None,
                "min": least,
                "median": middle,
                "max": most,
                "margin": margin.mean if margin else None,
                "margin_low": margin.low if margin else None,
                "margin_high": margin.high if margin else None,
            }
        )
    notes = [_about_margin(section, groups), _MEANS, *interval_notes(margins)]
    notes += [*left_out_notes([one.group for one in groups]), *lacking]
    when = after(ends.pop()) if len(ends) == 1 else "at the last traced step of each run"
    title = f"{section.title}: singular values {when}"
    return Table(title, "", _COLUMNS, rows, notes).without_empty_columns(), records


def _whole(one: TracedSpectra) -> list[Spectra]:
    """Those of the runs that have not lost the end of theirs."""
    pairs = zip(one.runs, one.spectra, strict=True)
    return [found for run, found in pairs if not run.lacks_end(int(found.steps[-1]))]


def _ends(one: TracedSpectra) -> list[int]:
    """The steps that its runs are shown at; where none is, those that they ended with."""
    return [int(found.steps[-1]) for found in _whole(one)] or [int(run.summary["steps"]) for run in one.runs]


def _about_margin(section: Section, groups: Sequence[TracedSpectra]) -> str:
    """What the margin is, and what it is measured from where that is not 1 alone."""
    by_centre: dict[float, list[str]] = {}
    gated = []
    for one in groups:
        if one.centre is None:
            gated.append(section.name(one.group))
        else:
            by_centre.setdefault(one.centre, []).append(section.name(one.group))
    note = "Margin: the largest |sigma - 1| of all recurrent matrices."
    if not by_centre.keys() <= {1.0}:
        centres = "; ".join(f"{centre:g} for {', '.join(labels)}" for centre, labels in by_centre.items())
        note = f"Margin: the largest |sigma - sigma*| of all recurrent matrices; sigma* is {centres}."
    if gated:
        note += f" None for {', '.join(gated)}: the matrices of gates are not the Jacobian of a step."
    return note


def _extremes(known: Sequence[Spectra]) -> tuple[float | None, float | None, float | None]:
    """Of the last step: the smallest value of all runs, the mean of their medians, and the largest."""
    if not known:
        return None, None, None
    last = np.array([found.quantiles[-1] for found in known])
    with np.errstate(invalid="ignore"):  # the mean of infinite values of both signs
        return float(last[:, 0].min()), float(last[:, QUANTILES.index(0.5)].mean()), float(last[:, -1].max())


def _range(allowed: tuple[float, float] | None) -> str:
    return "none" if allowed is None else " to ".join(dict.fromkeys(f"{bound:g}" for bound in allowed))
