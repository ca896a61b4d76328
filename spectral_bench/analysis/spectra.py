"""The pictures and the table of singular values over training."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spectral_bench.analysis.envelope import allowed_singular_values
from spectral_bench.analysis.groups import Group, Section
from spectral_bench.analysis.left_out import lacking_notes, left_out_notes, used_of
from spectral_bench.analysis.report import Cell, Column, Table
from spectral_bench.analysis.run import Run
from spectral_bench.analysis.series import Series, over_runs
from spectral_bench.analysis.statistics import estimate
from spectral_bench.analysis.traces import QUANTILES, Spectra, spectra
from spectral_bench.analysis.wording import NOTHING, interval_notes, number, with_interval

_COLUMNS = [
    Column("model", "left", label=True),
    Column("differs in", "left", label=True, optional=True),
    Column("runs"),
    Column("step"),
    Column("allowed", optional=True),
    Column("min"),
    Column("median"),
    Column("max"),
    Column("margin"),
]


@dataclass(frozen=True)
class TracedSpectra:
    """A group's singular values.

    Attributes:
        group: the runs.
        caption: what pictures call it.
        style: position of the group in its section.
        runs: those that count and traced any, in the order of seeds.
        spectra: theirs.
        allowed: the smallest and the largest value the model may have; None if they are free.
    """

    group: Group
    caption: str
    style: int
    runs: list[Run]
    spectra: list[Spectra]
    allowed: tuple[float, float] | None


@dataclass(frozen=True)
class SpectrumPictures:
    """Everything the figure of a section shows.

    Attributes:
        title: of the section.
        margin: max |σ - 1| of every group.
        quantiles: for every group, minimum, quartiles, median and maximum of σ.
        allowed: for every group, the bounds its model promises.
    """

    title: str
    margin: list[Series]
    quantiles: list[list[Series]]
    allowed: list[tuple[float, float] | None]

    def rows(self) -> Iterator[dict[str, Any]]:
        """The numbers behind every picture."""
        for series in self.margin:
            yield from series.rows("margin", "step")
        for curves in self.quantiles:
            for quantile, series in zip(QUANTILES, curves, strict=True):
                yield from ({**row, "quantile": quantile} for row in series.rows("singular_value", "step"))


def traced_spectra(section: Section, damaged: list[Path] | None = None) -> list[TracedSpectra]:
    """The groups of a section that traced singular values; ``damaged`` gets the files that cannot be read."""
    found = []
    for style, group in enumerate(section.groups):
        by_run = [(run, spectra(run.directory, damaged)) for run in group.counted]
        tracing = [(run, values) for run, values in by_run if values is not None]
        if tracing:
            allowed = allowed_singular_values(group.runs[0].config)
            runs, values = [run for run, _ in tracing], [values for _, values in tracing]
            found.append(TracedSpectra(group, section.caption(group), style, runs, values, allowed))
    return found


def spectrum_pictures(section: Section, groups: Sequence[TracedSpectra]) -> SpectrumPictures:
    """Prepare the pictures of a section; ``groups`` from ``traced_spectra``, at least one."""
    margin, quantiles = [], []
    for one in groups:
        label, style = one.caption, one.style
        margin.append(over_runs(label, style, [(run.steps, run.margin) for run in one.spectra], logarithmic=True))
        quantiles.append(
            [
                over_runs(
                    label, style, [(run.steps, run.quantiles[:, column]) for run in one.spectra], logarithmic=True
                )
                for column in range(len(QUANTILES))
            ]
        )
    return SpectrumPictures(section.title, margin, quantiles, [one.allowed for one in groups])


def spectrum_table(section: Section, groups: Sequence[TracedSpectra]) -> tuple[Table, list[dict[str, Any]]]:
    """The singular values each run ended with, the extremes over all runs; and the rows as plain values."""
    rows, records, margins, lacking = [], [], [], []
    for one in groups:
        tracing = list(zip(one.runs, one.spectra, strict=True))
        whole = [found for run, found in tracing if not run.lacks_end(int(found.steps[-1]))]
        steps = [int(found.steps[-1]) for found in whole] or [int(run.summary["steps"]) for run in one.runs]
        known = [found for found in whole if not np.isnan(found.quantiles[-1]).any()]
        margin = estimate([float(found.margin[-1]) for found in known])
        least, middle, most = _extremes(known)
        rows.append(
            [
                Cell(one.group.model),
                Cell(one.group.setting),
                Cell(used_of(one.group, len(known))),
                Cell(" to ".join(dict.fromkeys(f"{step:,}" for step in (min(steps), max(steps))))),
                Cell(_range(one.allowed)),
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
    notes = ["Margin: the largest |sigma - 1| of all recurrent matrices.", *interval_notes(margins)]
    notes += [*left_out_notes([one.group for one in groups]), *lacking]
    return Table(f"{section.title}: singular values", "", _COLUMNS, rows, notes).without_empty_columns(), records


def _extremes(known: Sequence[Spectra]) -> tuple[float | None, float | None, float | None]:
    """Of the last step: the smallest value of all runs, the mean of their medians, and the largest."""
    if not known:
        return None, None, None
    last = np.array([found.quantiles[-1] for found in known])
    with np.errstate(invalid="ignore"):  # the mean of infinite values of both signs
        return float(last[:, 0].min()), float(last[:, QUANTILES.index(0.5)].mean()), float(last[:, -1].max())


def _range(allowed: tuple[float, float] | None) -> str:
    return NOTHING if allowed is None else " to ".join(dict.fromkeys(f"{bound:g}" for bound in allowed))
