"""The pictures and the table of singular values over training."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from spectral_bench.analysis.envelope import allowed_singular_values
from spectral_bench.analysis.groups import Group, Section
from spectral_bench.analysis.report import Cell, Column, Table
from spectral_bench.analysis.series import Series, over_runs
from spectral_bench.analysis.statistics import estimate
from spectral_bench.analysis.traces import QUANTILES, Spectra, spectra
from spectral_bench.analysis.wording import NOTHING, interval_notes, number, with_interval

_COLUMNS = [
    Column("model", "left", label=True),
    Column("differs in", "left", label=True),
    Column("runs"),
    Column("step"),
    Column("allowed"),
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
        style: position of the group in its section.
        runs: of every run that traced any, in the order of seeds.
        allowed: the smallest and the largest value the model may have; None if they are free.
    """

    group: Group
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


def traced_spectra(section: Section) -> list[TracedSpectra]:
    """The groups of a section that traced singular values."""
    found = []
    for style, group in enumerate(section.groups):
        runs = [traced for run in group.runs if (traced := spectra(run.directory)) is not None]
        if runs:
            found.append(TracedSpectra(group, style, runs, allowed_singular_values(group.runs[0].config)))
    return found


def spectrum_pictures(section: Section, groups: Sequence[TracedSpectra]) -> SpectrumPictures:
    """Prepare the pictures of a section; ``groups`` from ``traced_spectra``, at least one."""
    margin, quantiles = [], []
    for one in groups:
        label, style = one.group.label, one.style
        margin.append(over_runs(label, style, [(run.steps, run.margin) for run in one.runs], logarithmic=True))
        quantiles.append(
            [
                over_runs(label, style, [(run.steps, run.quantiles[:, column]) for run in one.runs], logarithmic=True)
                for column in range(len(QUANTILES))
            ]
        )
    return SpectrumPictures(section.title, margin, quantiles, [one.allowed for one in groups])


def spectrum_table(section: Section, groups: Sequence[TracedSpectra]) -> Table:
    """The singular values at the last traced step, the extremes over all runs."""
    rows, margins = [], []
    for one in groups:
        last = [run.quantiles[-1] for run in one.runs]
        margin = estimate([float(run.margin[-1]) for run in one.runs])
        margins.append(margin)
        middle = sum(float(values[QUANTILES.index(0.5)]) for values in last) / len(last)
        rows.append(
            [
                Cell(one.group.model),
                Cell(one.group.setting),
                Cell(str(len(one.runs))),
                Cell(f"{max(int(run.steps[-1]) for run in one.runs):,}"),
                Cell(NOTHING if one.allowed is None else f"{one.allowed[0]:g} to {one.allowed[1]:g}"),
                Cell(number(min(float(values[0]) for values in last))),
                Cell(number(middle)),
                Cell(number(max(float(values[-1]) for values in last))),
                Cell(with_interval(margin)),
            ]
        )
    notes = ["Margin: the largest |sigma - 1| of all recurrent matrices.", *interval_notes(margins)]
    return Table(f"{section.title}: singular values", "", _COLUMNS, rows, notes).without_empty_columns()
