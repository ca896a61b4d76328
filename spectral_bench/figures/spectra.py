"""The pictures and the table of singular values over training."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spectral_bench.figures.series import Series, over_runs
from spectral_bench.records.groups import Group, Section
from spectral_bench.records.run_record import Run
from spectral_bench.records.traces import QUANTILES, Spectra, spectra


@dataclass(frozen=True)
class TracedSpectra:
    """A group's singular values.

    Attributes:
        group: the runs.
        caption: what pictures call it.
        style: position of the group in its section.
        runs: those that count and traced any, in the order of seeds.
        spectra: theirs.
        allowed: the smallest and the largest value the model promises; None if they are free.
        centre: what its margin is measured from.
    """

    group: Group
    caption: str
    style: int
    runs: list[Run]
    spectra: list[Spectra]
    allowed: tuple[float, float] | None
    centre: float


@dataclass(frozen=True)
class SpectrumPictures:
    """Everything the figure of a section shows.

    Attributes:
        title: of the section.
        margin: max |σ - σ*| of every group, σ* the centre of its model.
        quantiles: for every group, minimum, quartiles, median and maximum of σ.
        allowed: for every group, the bounds its model promises.
        centres: for every group, σ*.
    """

    title: str
    margin: list[Series]
    quantiles: list[list[Series]]
    allowed: list[tuple[float, float] | None]
    centres: list[float]

    def rows(self) -> Iterator[dict[str, Any]]:
        """The numbers behind every picture."""
        for series in self.margin:
            yield from series.rows("margin", "step")
        for curves in self.quantiles:
            for quantile, series in zip(QUANTILES, curves, strict=True):
                yield from ({**row, "quantile": quantile} for row in series.rows("singular_value", "step"))


def traced_spectra(section: Section, damaged: list[Path] | None = None) -> list[TracedSpectra]:
    """The groups of a section that traced singular values; ``damaged`` receives the files that cannot be read."""
    found = []
    for style, group in enumerate(section.groups):
        by_run = [(run, spectra(run.directory, run.facts.centre, damaged)) for run in group.counted]
        tracing = [(run, values) for run, values in by_run if values is not None]
        if tracing:
            facts = group.runs[0].facts
            runs, values = [run for run, _ in tracing], [values for _, values in tracing]
            found.append(TracedSpectra(group, section.caption(group), style, runs, values, facts.sigma, facts.centre))
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
    allowed, centres = [one.allowed for one in groups], [one.centre for one in groups]
    return SpectrumPictures(section.title, margin, quantiles, allowed, centres)
