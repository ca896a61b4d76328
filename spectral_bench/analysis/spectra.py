"""The pictures and the table of singular values over training."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spectral_bench.analysis.envelope import allowed_singular_values
from spectral_bench.analysis.groups import Group, Section
from spectral_bench.analysis.left_out import left_out_notes
from spectral_bench.analysis.report import Cell, Column, Table
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
        runs: of every run that counts and traced any, in the order of seeds.
        allowed: the smallest and the largest value the model may have; None if they are free.
    """

    group: Group
    caption: str
    style: int
    runs: list[Spectra]
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
        runs = [traced for run in group.counted if (traced := spectra(run.directory, damaged)) is not None]
        if runs:
            allowed = allowed_singular_values(group.runs[0].config)
            found.append(TracedSpectra(group, section.caption(group), style, runs, allowed))
    return found


def spectrum_pictures(section: Section, groups: Sequence[TracedSpectra]) -> SpectrumPictures:
    """Prepare the pictures of a section; ``groups`` from ``traced_spectra``, at least one."""
    margin, quantiles = [], []
    for one in groups:
        label, style = one.caption, one.style
        margin.append(over_runs(label, style, [(run.steps, run.margin) for run in one.runs], logarithmic=True))
        quantiles.append(
            [
                over_runs(label, style, [(run.steps, run.quantiles[:, column]) for run in one.runs], logarithmic=True)
                for column in range(len(QUANTILES))
            ]
        )
    return SpectrumPictures(section.title, margin, quantiles, [one.allowed for one in groups])


def spectrum_table(section: Section, groups: Sequence[TracedSpectra]) -> tuple[Table, list[dict[str, Any]]]:
    """The singular values at the last traced step, the extremes over all runs; and the rows as plain values."""
    rows, records, margins = [], [], []
    for one in groups:
        last = np.array([run.quantiles[-1] for run in one.runs])
        margin = estimate([float(run.margin[-1]) for run in one.runs])
        step = max(int(run.steps[-1]) for run in one.runs)
        with np.errstate(invalid="ignore"):  # the mean of infinite values of both signs
            least, middle, most = (
                float(last[:, 0].min()), float(last[:, QUANTILES.index(0.5)].mean()), float(last[:, -1].max())
            )  # fmt: skip
        rows.append(
            [
                Cell(one.group.model),
                Cell(one.group.setting),
                Cell(one.group.standing),
                Cell(f"{step:,}"),
                Cell(_range(one.allowed)),
                Cell(number(least)),
                Cell(number(middle)),
                Cell(number(most)),
                Cell(with_interval(margin)),
            ]
        )
        margins.append(margin)
        records.append(
            {
                "task": section.title,
                "group": one.group.label,
                "runs": len(one.runs),
                "completed": len(one.group.completed),
                "step": step,
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
    notes += left_out_notes([one.group for one in groups])
    return Table(f"{section.title}: singular values", "", _COLUMNS, rows, notes).without_empty_columns(), records


def _range(allowed: tuple[float, float] | None) -> str:
    return NOTHING if allowed is None else " to ".join(dict.fromkeys(f"{bound:g}" for bound in allowed))
